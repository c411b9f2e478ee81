//! How a scenario is played.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use onduty::api::problem::codes;
use onduty::config::PlatformApi;
use onduty_client::ClientError;
use onduty_client::proto::{AgentFilter, AgentState, Finding};
use onduty_core::finding::Reason;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Answer, Asked, Miss, Scenario};
use crate::cast::Cast;
use crate::platform::{Caller, Simulated};
use crate::stage::{Ports, Sidecar};
use crate::wires::Sent;

/// How long a mended cause takes to be seen, at most: rights are relied on for 15 s where anything hinders, and refused
/// credentials are left alone for 30 s (`platform/genesys/access.rs`, `oauth/plan.rs`). Passed, not waited for.
const MENDED_WITHIN: Duration = Duration::from_secs(65);

/// Scenarios that are played at once.
const AT_ONCE: usize = 3;

impl Miss {
    fn check(&self, finding: &Finding, error: &ClientError, cast: &Cast) {
        assert_eq!(finding.reason, self.reason.name(), "{finding:#?}");
        let also: Vec<&str> = self.also.iter().map(|reason| reason.name()).collect();
        assert_eq!(finding.also, also, "{finding:#?}");
        assert!(!finding.summary.is_empty() && finding.help_url.ends_with(&finding.reason), "{finding:#?}");
        for (text, names) in [(&finding.summary, &self.summary), (&finding.remedy, &self.remedy)] {
            assert!(!text.is_empty(), "{finding:#?}");
            for name in names {
                assert!(text.contains(&cast.fill(name)), "no {name} in {text:?}: {finding:#?}");
            }
        }
        assert!(finding.evidence.iter().all(|seen| !seen.origin.is_empty() && !seen.detail.is_empty()));
        assert!(!finding.evidence.is_empty(), "{finding:#?}");
        for proof in &self.proof {
            let proof = cast.fill(proof);
            let shows =
                finding.evidence.iter().any(|seen| seen.origin == proof || seen.detail.contains(&proof));
            assert!(shows, "no {proof} among the evidence: {finding:#?}");
        }
        let ClientError::Missed { code, retry_after, .. } = error else { unreachable!("{error}") };
        assert_eq!((*code, retry_after.is_some()), (codes(self.reason).grpc, self.waits), "{finding:#?}");
        assert_eq!(finding.last_known.is_some(), self.last_known, "{finding:#?}");
    }
}

impl Answer {
    /// The call that started it all, on the sidecar: `[]` for nobody, ever. It takes a state that is minutes old, so
    /// one that is known is told.
    async fn check_drop_in(&self, asked: Asked, sidecar: &Sidecar, cast: &Cast) {
        let Asked::Agent(id) = asked else { return };
        let id = cast.fill(id);
        let (status, body) = sidecar.drop_in(&id).await;
        match self {
            Self::Miss(miss) if !miss.last_known => {
                assert_eq!(status, codes(miss.reason).http.as_u16(), "{body}");
                assert_eq!(body["findings"][0]["reason"], miss.reason.name(), "{body}");
                assert_eq!(body["states"], json!([]), "{body}");
            }
            Self::Miss(_) => assert!(status >= 400 || body[0]["agentId"] == *id, "{status} {body}"),
            Self::TheState | Self::NoPresence => {
                assert_eq!((status, &body[0]["agentId"]), (200, &json!(id)), "{body}");
            }
        }
    }
}

impl Scenario {
    /// What every wire sends about the id, its cause not lifted.
    pub(crate) async fn on_every_wire(&self) -> Vec<Sent> {
        let (platform, cast, sidecar) = self.arrange().await;
        let (Asked::Agent(id) | Asked::User(id)) = self.asked;
        let sent = sidecar.on_every_wire(&cast.fill(id)).await;
        sidecar.stop().await;
        platform.stop().await;
        sent
    }

    /// The platform as it is to be, and the sidecar beside it.
    async fn arrange(&self) -> (Simulated, Cast, Sidecar) {
        let ports = Ports::free();
        let platform = Simulated::start(self.agents, self.pushes.then(|| ports.ingress())).await;
        let mut cast = Cast::of(&platform).await;
        for turn in Cast::at_work().iter().chain(&self.at_the_start) {
            platform.take(turn, &mut cast).await;
        }
        let sidecar = Sidecar::start(self.api, self.client, &platform, ports).await;
        for turn in &self.since {
            platform.take(turn, &mut cast).await;
        }
        (platform, cast, sidecar)
    }

    /// Plays it. Gives its line of the table: row, caller's view, finding, requests spent.
    async fn play(self) -> String {
        let (platform, mut cast, sidecar) = self.arrange().await;
        let token = platform.sign_in(self.client, self.signs_in_at).await.ok();
        let caller = Caller { client: self.client, token };
        let mut line = format!("| {} | ", self.row);
        for look in &self.looks {
            write!(line, "{}; ", platform.look(look, &caller, &cast).await).unwrap();
        }
        platform.forget_requests().await;
        self.check(&self.answer, self.asked, &sidecar, &platform, &cast).await;
        let spent = platform.requests().await;
        let routes: Vec<String> = spent.iter().map(|(route, count)| format!("{count} {route}")).collect();
        let sum: u64 = spent.iter().map(|(_, count)| count).sum();
        write!(line, "| {} | {sum}: {} |", self.named(), routes.join(", ")).unwrap();
        self.answer.check_drop_in(self.asked, &sidecar, &cast).await;
        self.check_account(&sidecar, &platform).await;
        for turn in &self.lifted {
            platform.take(turn, &mut cast).await;
        }
        if let Some((asked, answer)) = &self.then {
            sidecar.pass(MENDED_WITHIN);
            self.check(answer, *asked, &sidecar, &platform, &cast).await;
            answer.check_drop_in(*asked, &sidecar, &cast).await;
        }
        sidecar.stop().await;
        platform.stop().await;
        line
    }

    async fn check(
        &self,
        answer: &Answer,
        asked: Asked,
        sidecar: &Sidecar,
        platform: &Simulated,
        cast: &Cast,
    ) {
        let told = match asked {
            Asked::Agent(id) => sidecar.client.get(&cast.fill(id)).await,
            Asked::User(id) => sidecar.client.get_by_user_id(&cast.fill(id)).await,
        };
        match (answer, told) {
            (Answer::TheState, Ok(state)) => is_the_truth(&state, platform, true).await,
            (Answer::NoPresence, Ok(state)) => {
                assert_eq!(state.presence, None);
                is_the_truth(&state, platform, false).await;
            }
            (Answer::Miss(miss), Err(error)) if error.finding().is_some() => {
                miss.check(error.finding().unwrap(), &error, cast);
            }
            (wanted, told) => panic!("{wanted:?}, but it said {told:#?}"),
        }
    }

    /// A list never leaves anybody out in silence: its account adds up to the directory.
    async fn check_account(&self, sidecar: &Sidecar, platform: &Simulated) {
        if !sidecar.is_synced().await {
            return;
        }
        let listing = match sidecar.client.list(AgentFilter::default()).await {
            Ok(listing) => listing,
            // Nobody is shown at all: then the list says why, and it is the same reason.
            Err(error) => {
                let reason = error.finding().map(|finding| finding.reason.clone());
                assert_eq!(reason.as_deref(), Some(&*self.named()), "{error:?}");
                return;
            }
        };
        let account = &listing.account;
        assert!(account.directory_total > 0, "nobody at all, and no word why");
        let withheld: u64 = account.withheld.values().sum();
        assert_eq!(account.directory_total, account.shown + account.filtered + withheld + account.unknown);
        assert_eq!(account.shown, listing.agent_states.len() as u64, "{account:?}");
        if let Some(reason) = self.withholds() {
            assert!(account.withheld.contains_key(reason.name()), "{account:?}");
        }
        if self.is_whole {
            let active = platform.truth("agents").await.as_array().map_or(0, Vec::len) as u64;
            assert_eq!((account.shown, account.directory_total), (active, active), "{account:?}");
        }
    }

    /// The reason by which a list has to account for those whose state it does not show: known of the token alone.
    fn withholds(&self) -> Option<Reason> {
        let Answer::Miss(Miss { reason, last_known: false, .. }) = &self.answer else { return None };
        let rights = [
            Reason::ScopeMissing,
            Reason::PermissionMissing,
            Reason::PermissionPending,
            Reason::DivisionNotVisible,
        ];
        Some(*reason).filter(|reason| self.api == PlatformApi::AgentStates && rights.contains(reason))
    }

    /// The finding, for the table.
    fn named(&self) -> String {
        match &self.answer {
            Answer::TheState => "the state".to_owned(),
            Answer::NoPresence => "a state without presence".to_owned(),
            Answer::Miss(miss) => miss.reason.name().to_owned(),
        }
    }
}

/// That a state is the platform's own, facet by facet.
async fn is_the_truth(state: &AgentState, platform: &Simulated, with_presence: bool) {
    let truth = platform.truth(&format!("agents/{}", state.user_id)).await;
    assert_eq!(truth["userId"], state.user_id);
    if with_presence {
        let presence = state.presence.as_ref().expect("a presence");
        assert_eq!(letters(&presence.system_text), letters(text(&truth["presence"]["systemPresence"])));
        let definition = &truth["presence"]["presenceDefinition"]["id"];
        assert_eq!(presence.definition_id, text(definition), "{state:?}");
    }
    let status = state.routing_status.as_ref().expect("a routing status");
    assert_eq!(status.status_text, text(&truth["routingStatus"]["status"]), "{state:?}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The same presence is spelt three ways; only its letters count.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Plays a family of scenarios, prints their table, and fails with all that did not hold.
pub(crate) async fn play(family: Vec<Scenario>) {
    let mut waiting = family.into_iter();
    let mut playing = JoinSet::new();
    let mut failed = Vec::new();
    loop {
        while playing.len() < AT_ONCE {
            let Some(scenario) = waiting.next() else { break };
            let row = scenario.row;
            playing.spawn(async move { (row, guarded(scenario.play()).await) });
        }
        let Some(played) = playing.join_next().await else { break };
        match played.unwrap() {
            (_, Ok(line)) => println!("{line}"),
            (row, Err(why)) => failed.push(format!("{row}: {why}")),
        }
    }
    assert!(failed.is_empty(), "{} scenarios do not hold:\n{}", failed.len(), failed.join("\n"));
}

/// One scenario that fails does not hide the others.
async fn guarded(played: impl Future<Output = String> + Send) -> Result<String, String> {
    let played: BoxFuture<'_, String> = Box::pin(played);
    std::panic::AssertUnwindSafe(played).catch_unwind().await.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}
