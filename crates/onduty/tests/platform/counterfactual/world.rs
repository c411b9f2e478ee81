//! What can stand between a caller and a state, and how the simulator is told of it.

use std::collections::BTreeSet;
use std::time::Duration;

use onduty::config::{BaseUrl, PlatformApi, Region};
use onduty_core::answer::Asked;
use onduty_core::finding::{Finding, Reason};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{As, House, Sim};

/// Agents of the organisation that cases are about.
const AGENTS: usize = 60;
/// The secret that the sidecar is given.
const SECRET: &str = "sim-secret";

/// One thing that stands between a caller and a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    ClientDisabled,
    SecretWrong,
    RegionWrong,
    PlatformDown,
    ApiAbsent,
    ScopeMissing,
    GrantMissing,
    GrantFresh,
    PolicyRefuses,
    IdMalformed,
    IdOfUser,
    IdOfQueue,
    IdOfNobody,
    AccountDeleted,
    AccountInactive,
    DivisionNotGranted,
    DivisionGrantFresh,
    LoggedOut,
    StateWithheld,
}

/// One case.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) api: PlatformApi,
    pub(super) causes: BTreeSet<Cause>,
    /// Which agent, by position.
    agent: usize,
    /// Whether the sidecar had listed everybody before the trouble began.
    swept: bool,
    /// Nuisances that must change nothing: they are no causes.
    expand_dropped: bool,
    spelling: &'static str,
    refused_by_401: bool,
    unknown_left_out: bool,
}

/// The simulator and its people.
pub(super) struct World {
    sim: Sim,
    agents: Vec<Value>,
    queue: String,
}

/// Any set of causes that can be so together.
pub(super) fn troubles() -> impl Strategy<Value = Trouble> {
    use Cause::*;
    let one_of = |causes: &[Cause]| {
        let all: Vec<Option<Cause>> =
            std::iter::repeat_n(None, 3).chain(causes.iter().copied().map(Some)).collect();
        prop::sample::select(all)
    };
    let rare = |cause| prop::sample::select(vec![None, None, None, Some(cause)]);
    let client = one_of(&[ClientDisabled, SecretWrong, RegionWrong]);
    let rights = one_of(&[GrantMissing, GrantFresh, DivisionNotGranted, DivisionGrantFresh]);
    let id = one_of(&[IdMalformed, IdOfUser, IdOfQueue, IdOfNobody]);
    let person = one_of(&[AccountDeleted, AccountInactive, LoggedOut, StateWithheld]);
    let rest = (rare(PlatformDown), rare(ApiAbsent), rare(ScopeMissing), rare(PolicyRefuses));
    let setting = (0..AGENTS, any::<bool>(), any::<bool>(), any::<[bool; 4]>());
    (client, rights, id, person, rest, setting).prop_map(
        |(client, rights, id, person, rest, (agent, users, swept, nuisances))| {
            let mut causes: BTreeSet<Cause> =
                [client, rights, id, person, rest.0, rest.1, rest.2, rest.3].into_iter().flatten().collect();
            let api = if users { PlatformApi::Users } else { PlatformApi::AgentStates };
            causes.retain(|cause| cause.can_be(api));
            // A deleted account in a hidden division is no different from one that never was (see the closing note).
            if users && causes.contains(&DivisionNotGranted) {
                causes.remove(&AccountDeleted);
            }
            let [expand_dropped, on_queue, refused_by_401, unknown_left_out] = nuisances;
            let spelling = if on_queue { "On Queue" } else { "OnQueue" };
            Trouble { api, causes, agent, swept, expand_dropped, spelling, refused_by_401, unknown_left_out }
        },
    )
}

impl Cause {
    /// Whether it keeps a state from being seen in an API at all.
    fn can_be(self, api: PlatformApi) -> bool {
        match self {
            // In the users API agents are users, scopes and that permission do not bind, and who is logged out is
            // Offline, which is a state. Grants hide divisions there, if anything.
            Self::ApiAbsent
            | Self::ScopeMissing
            | Self::GrantMissing
            | Self::GrantFresh
            | Self::DivisionGrantFresh
            | Self::PolicyRefuses
            | Self::IdOfUser
            | Self::LoggedOut => api == PlatformApi::AgentStates,
            _ => true,
        }
    }
}

impl Trouble {
    fn has(&self, cause: Cause) -> bool {
        self.causes.contains(&cause)
    }

    /// The cause that a finding names, if it is one.
    pub(super) fn named_by(&self, finding: &Finding) -> Option<Cause> {
        use Cause::*;
        let candidates: &[Cause] = match finding.reason {
            Reason::CredentialsRejected => &[ClientDisabled, SecretWrong],
            Reason::WrongRegion => &[RegionWrong],
            Reason::PlatformUnavailable => &[PlatformDown],
            // An old state is known: the evidence says what keeps the platform from being asked.
            Reason::StateStale => &[ClientDisabled, SecretWrong, RegionWrong, PlatformDown],
            Reason::NameUnknown => &[ApiAbsent],
            Reason::ScopeMissing => &[ScopeMissing],
            Reason::PermissionMissing => &[GrantMissing],
            Reason::PermissionPending => &[GrantFresh, DivisionGrantFresh],
            Reason::PolicyDenied => &[PolicyRefuses],
            Reason::IdMalformed => &[IdMalformed],
            Reason::WrongIdKind => &[IdOfUser, IdOfQueue],
            Reason::AgentUnknown => &[IdOfNobody],
            Reason::AgentDeleted => &[AccountDeleted],
            Reason::AgentInactive => &[AccountInactive],
            Reason::DivisionNotVisible => &[DivisionNotGranted],
            Reason::NotLoggedIn => &[LoggedOut],
            Reason::StateWithheld => &[StateWithheld],
            _ => &[],
        };
        candidates.iter().copied().find(|cause| self.has(*cause))
    }
}

impl World {
    /// Each seed gives another organisation.
    pub(super) async fn new(seed: u64) -> Self {
        let sim = Sim::seeded(AGENTS * 2, seed).await;
        sim.post("/sim/pause", json!({})).await;
        sim.faults(json!({"rate": 0})).await;
        let truth = sim.get("/sim/agents").await;
        let agents: Vec<Value> = truth.as_array().unwrap().iter().take(AGENTS).cloned().collect();
        let queue = agents.iter().find_map(|agent| agent["queueIds"][0].as_str()).unwrap().to_owned();
        Self { sim, queue, agents }
    }

    /// A sidecar for a case, which then is so.
    pub(super) async fn house(&self, trouble: &Trouble) -> House {
        // Whom a listing leaves without a state is asked for after it: the trouble must not come in between.
        let calm = Trouble { causes: BTreeSet::new(), expand_dropped: false, ..trouble.clone() };
        self.apply(&calm).await;
        let regions = vec![Region {
            domain: "usw2.pure.cloud".to_owned(),
            api_url: self.region(),
            login_url: self.region(),
        }];
        let house = House::in_regions(As(trouble.api, "counterfactual"), self.sim.clone(), regions);
        if trouble.swept {
            house.sweep(Duration::from_secs(3_600));
            house.swept(1).await;
            // Tokens live on when a client is made anew; what the sidecar holds of its rights does not.
            house.pass(Duration::from_secs(301));
        }
        self.apply(trouble).await;
        self.sim.post("/sim/disconnect", json!({"clientId": "counterfactual"})).await;
        house
    }

    fn region(&self) -> BaseUrl {
        BaseUrl::parse(&format!("{}/region/usw2.pure.cloud", self.sim.url())).unwrap()
    }

    /// What is asked for.
    pub(super) fn asked(&self, trouble: &Trouble) -> Asked {
        let agent = &self.agents[trouble.agent];
        let member = if trouble.api == PlatformApi::Users { "userId" } else { "agentId" };
        let id = if trouble.has(Cause::IdMalformed) {
            "12345"
        } else if trouble.has(Cause::IdOfUser) {
            agent["userId"].as_str().unwrap()
        } else if trouble.has(Cause::IdOfQueue) {
            &self.queue
        } else if trouble.has(Cause::IdOfNobody) {
            "00000000-0000-4000-8000-000000000000"
        } else {
            agent[member].as_str().unwrap()
        };
        Asked::AgentId(id.into())
    }

    /// Makes the simulator so, and no different.
    pub(super) async fn apply(&self, trouble: &Trouble) {
        let agent = &self.agents[trouble.agent];
        let id = agent["userId"].as_str().unwrap();
        let account = if trouble.has(Cause::AccountDeleted) {
            "deleted"
        } else if trouble.has(Cause::AccountInactive) {
            "inactive"
        } else {
            "active"
        };
        self.sim.post(&format!("/sim/agents/{id}/account"), json!({"state": account})).await;
        let state = if trouble.has(Cause::LoggedOut) {
            json!({"loggedIn": false})
        } else {
            json!({"loggedIn": true, "presence": "Available"})
        };
        self.sim.post(&format!("/sim/agents/{id}/state"), state).await;
        self.sim.post("/sim/clients", self.client(trouble)).await;
        let drop = if trouble.expand_dropped { 1.0 } else { 0.0 };
        self.sim
            .faults(json!({
                "region_down": if trouble.has(Cause::PlatformDown) { "503" } else { "off" },
                "agent_states_api": !trouble.has(Cause::ApiAbsent),
                "state_withheld": if trouble.has(Cause::StateWithheld) { json!([id]) } else { json!(false) },
                "users_division_filter": trouble.api == PlatformApi::Users,
                "presence_spelling": trouble.spelling,
                "expand_drop": drop,
                "oauth_error_status": if trouble.refused_by_401 { 401 } else { 400 },
                "users_unknown": if trouble.unknown_left_out { "omit" } else { "404_if_all" },
            }))
            .await;
    }

    fn client(&self, trouble: &Trouble) -> Value {
        let mut scopes = vec!["agent:read"];
        if !trouble.has(Cause::ScopeMissing) {
            scopes.push("agent:state:read");
        }
        let seen = ["agent:state:view", "directory:user:view"];
        let old = 90 * 86_400;
        let own = self.agents[trouble.agent]["divisionId"].as_str().unwrap();
        let other = self.other_than(own);
        // Queues may be seen by whoever asks, so that an id of theirs can be told.
        let mut grants = vec![json!({"permissions": ["routing:queue:view"], "ageS": old})];
        if trouble.has(Cause::RegionWrong) {
            // The other organisation has divisions of its own.
        } else if trouble.has(Cause::DivisionNotGranted) {
            grants.push(json!({"permissions": seen, "division": other, "ageS": old}));
        } else if trouble.has(Cause::DivisionGrantFresh) {
            grants.push(json!({"permissions": seen, "division": other, "ageS": old}));
            grants.push(json!({"permissions": seen, "division": own, "ageS": 5}));
        } else if trouble.has(Cause::GrantFresh) {
            grants.push(json!({"permissions": seen, "ageS": 5}));
        } else if !trouble.has(Cause::GrantMissing) {
            grants.push(json!({"permissions": seen, "ageS": old}));
        }
        json!({
            "clientId": "counterfactual",
            "clientSecret": if trouble.has(Cause::SecretWrong) { "another" } else { SECRET },
            "region": if trouble.has(Cause::RegionWrong) { json!("usw2.pure.cloud") } else { Value::Null },
            "scopes": scopes,
            "grants": grants,
            "policyDenies": if trouble.has(Cause::PolicyRefuses) { json!(["agent:state:view"]) } else { json!(false) },
            "disabled": trouble.has(Cause::ClientDisabled),
        })
    }

    fn other_than(&self, division: &str) -> &str {
        let mut divisions = self.agents.iter().map(|agent| agent["divisionId"].as_str().unwrap());
        divisions.find(|other| *other != division).unwrap()
    }
}
