//! A healthy patient, for the tests of the checks to break.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::access::{Access, Permitted, Seen, Token};
use onduty_core::agent::UserId;
use onduty_core::answer::Answer;
use onduty_core::cursor::Revision;
use onduty_core::finding::{Finding, Reason};
use onduty_core::observation::Source;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;

use super::facts::{AgentFacts, Directory, Facts, Settings};
use crate::config::{BaseUrl, Interval, PlatformApi};
use crate::journal::vitals::{Integrity, Vitals};
use crate::platform::genesys::agent_states_api;
use crate::platform::genesys::error::{PlatformError, Refused};
use crate::platform::genesys::reach::Reached;
use crate::platform::genesys::route::Route;
use crate::status::{ApiOrigin, Phase, SpokenApi, Standing};

/// When everything was looked at.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Something read now.
pub(super) fn seen<T>(value: T) -> Seen<T> {
    Seen { value, origin: "/api/v2/tokens/me", at: NOW, correlation_id: None }
}

/// Everything in order on the agent-states API, but for what `change` does to it.
pub(super) fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let url = BaseUrl::parse("http://127.0.0.1:7480").expect("a URL");
    let settings = Settings {
        api: Some(PlatformApi::AgentStates),
        region: None,
        login_url: url.clone(),
        api_url: url,
        client_id: "client".to_owned(),
        webhook: true,
        insecure: false,
        sweep_interval: Interval::Fixed(Duration::from_secs(60)),
        channels_max: 0,
        channel_rotation: Duration::from_secs(12 * 3_600),
        default_max_staleness: Duration::from_secs(300),
        store_dir: PathBuf::from("data"),
        keys_set: 7,
    };
    let token = Token {
        scopes: ["agent:state:read".to_owned()].into(),
        organisation: Some("Acme".into()),
        client_id: Some("client".into()),
    };
    let everywhere = Permitted { everywhere: true, ..Permitted::default() };
    let access = Access {
        token: Some(seen(token.clone())),
        permitted: Some(seen(everywhere)),
        grants: Some(seen(Vec::new())),
        ..Access::default()
    };
    let mut board = Standing::default();
    for source in [Source::Webhook, Source::Sweep, Source::Lookup] {
        board.sources[source as usize].phase = Phase::Running;
    }
    let sweep = &mut board.sources[Source::Sweep as usize];
    (sweep.last_mark_at, sweep.bound) = (Some(NOW), Some(Duration::from_secs(180)));
    let reached = Reached { status: 401, took: Duration::from_millis(3), at: NOW };
    let mut facts = Facts {
        now: NOW,
        settings: Arc::new(settings),
        login: Ok(reached),
        api: Ok(reached),
        token: Ok(seen(token)),
        endpoint: Some(Ok(())),
        needs: agent_states_api::NEEDS,
        access: Some(Arc::new(access)),
        denials: Vec::new(),
        api_spoken: Some(SpokenApi { api: PlatformApi::AgentStates, origin: ApiOrigin::Configured }),
        total: None,
        shape: agent_states_api::LISTING,
        directory: Directory::default(),
        board,
        sidecar: true,
        store: Vitals {
            dir: PathBuf::from("data"),
            bytes: Some(2 << 20),
            free_bytes: Some(9 << 30),
            writable: true,
            integrity: Integrity::Whole,
            journal_mode: "wal".to_owned(),
        },
    };
    change(&mut facts);
    facts
}

/// The platform refused a read.
pub(super) fn refused(status: u16, code: &str) -> PlatformError {
    PlatformError::Refused(Refused {
        route: Route::Agents,
        status,
        code: code.to_owned(),
        message: "no".to_owned(),
        correlation_id: None,
    })
}

/// An agent with a state.
pub(super) fn agent() -> AgentFacts {
    let held = onduty_core::row::Held::new(UserId::from("u1"));
    let row = Arc::new(Row::new(held, Revision(1), Source::Sweep, NOW, true));
    let answer = Answer::State(Arc::clone(&row));
    AgentFacts { now: NOW, asked: "a1".to_owned(), read: answer.clone(), answer, row: Some(row) }
}

/// An agent whose state is missing.
pub(super) fn missing(reason: Reason) -> AgentFacts {
    let finding = Finding::new(reason, "a1", "it is so", "mend it");
    let answer = Answer::Miss(Box::new(finding));
    AgentFacts { read: answer.clone(), answer, ..agent() }
}
