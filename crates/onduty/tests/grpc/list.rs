//! `ListAgentStates`.

use onduty_core::agent::{AccountState, SystemPresence};
use onduty_core::observation::Statement;
use onduty_proto::v1::{
    Account, AgentFilter, ListAgentStatesRequest, ListAgentStatesResponse, SystemPresence as Shown,
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::stage::{NOW, Stage, id, named, said, within};

async fn page(stage: &Stage, request: ListAgentStatesRequest) -> ListAgentStatesResponse {
    within(stage.client().list_agent_states(request)).await.expect("a page").into_inner()
}

fn busy() -> Option<AgentFilter> {
    Some(AgentFilter { presences: vec![Shown::Busy.into()], ..Default::default() })
}

#[tokio::test]
async fn pages_hold_everybody_once_while_the_roster_moves() {
    let stage = Stage::open().await;
    stage.roster.populate(0..250);
    let mut request = ListAgentStatesRequest { page_size: 30, ..Default::default() };
    let (mut ids, mut pages, mut cursors) = (Vec::new(), 0, Vec::new());
    loop {
        let page = page(&stage, request.clone()).await;
        assert_eq!(page.account.as_ref().expect("an account").shown, 250);
        ids.extend(page.agent_states.into_iter().map(|state| state.user_id));
        cursors.push(page.cursor);
        pages += 1;
        stage.roster.pick(pages * 7, SystemPresence::Busy, NOW + 1_000);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(ids, (0..250).map(id).collect::<Vec<_>>());
    assert_eq!(pages, 9);
    assert!(cursors.iter().all(|cursor| *cursor == cursors[0]), "where a watch begins that misses nothing");
}

#[tokio::test]
async fn the_account_adds_up_and_pages_agree_on_it() {
    let stage = Stage::open().await;
    stage.roster.populate(0..10);
    for number in [1, 4, 6] {
        stage.roster.pick(number, SystemPresence::Busy, NOW + 1_000);
    }
    let switched_off = Statement { account: Some(AccountState::Inactive), ..Statement::default() };
    stage.roster.take(&[named(&id(20)), said(&id(21), switched_off)]);
    let account = Some(Account {
        directory_total: 12,
        shown: 3,
        filtered: 7,
        withheld: [("AGENT_INACTIVE".to_owned(), 1)].into(),
        unknown: 1,
    });
    let first = ListAgentStatesRequest { filter: busy(), page_size: 2, page_token: String::new() };
    let one = page(&stage, first.clone()).await;
    assert_eq!((one.agent_states.len(), &one.account), (2, &account));
    let two = page(&stage, ListAgentStatesRequest { page_token: one.next_page_token, ..first }).await;
    assert_eq!((two.agent_states.len(), &two.account, &*two.next_page_token), (1, &account, ""));
}

#[tokio::test]
async fn before_the_first_full_listing_a_list_says_so_instead_of_being_short() {
    let stage = Stage::open().await;
    for known in [false, true] {
        if known {
            stage.roster.pick(1, SystemPresence::Busy, NOW);
        }
        let asked = within(stage.client().list_agent_states(ListAgentStatesRequest::default())).await;
        let refused = asked.expect_err("no list");
        assert_eq!(refused.code(), Code::Unavailable);
        assert_eq!(refused.get_details_error_info().expect("a reason").reason, "NOT_YET_SYNCED");
        assert!(refused.get_details_retry_info().is_some());
    }
}

#[tokio::test]
async fn an_empty_directory_is_an_empty_list_with_an_account() {
    let stage = Stage::open().await;
    stage.roster.list_nobody();
    let page = page(&stage, ListAgentStatesRequest::default()).await;
    assert_eq!(page.account, Some(Account::default()));
    assert!(page.agent_states.is_empty() && page.next_page_token.is_empty() && !page.cursor.is_empty());
}

#[tokio::test]
async fn a_page_that_can_t_be_turned_is_refused_by_field() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let token =
        page(&stage, ListAgentStatesRequest { page_size: 1, ..Default::default() }).await.next_page_token;
    let none = ListAgentStatesRequest::default;
    let table = [
        (ListAgentStatesRequest { page_size: -1, ..none() }, "page_size"),
        (ListAgentStatesRequest { page_size: 1_001, ..none() }, "page_size"),
        (ListAgentStatesRequest { page_token: "garbage".into(), ..none() }, "page_token"),
        (ListAgentStatesRequest { page_token: token, filter: busy(), ..none() }, "page_token"),
        (
            ListAgentStatesRequest {
                filter: Some(AgentFilter { presences: vec![0], ..Default::default() }),
                ..none()
            },
            "filter.presences[0]",
        ),
    ];
    for (request, field) in table {
        let refused = within(stage.client().list_agent_states(request)).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        let violations = refused.get_details_bad_request().expect("violations").field_violations;
        assert_eq!(violations.iter().map(|violation| &*violation.field).collect::<Vec<_>>(), [field]);
    }
}
