//! Who and what the scenarios are about. A scenario names ids by words in angle brackets, because ids are known only
//! once a simulator runs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::platform::{Simulated, Turn, about};

/// An id of the platform's form that is nobody's.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// What each word stands for.
pub(crate) struct Cast(BTreeMap<String, String>);

impl Cast {
    /// `<agent>` is at work in the division Berlin, as `<user>`; `<colleague>` is in Lisbon. `<queue>` has them both.
    pub(crate) async fn of(platform: &Simulated) -> Self {
        let agents = platform.truth("agents").await;
        let (agent, colleague) = (&agents[1], &agents[2]);
        let token = platform.sign_in("sim-full", "").await.unwrap();
        let queues = platform.get("/api/v2/routing/queues", &token).await.1;
        let queue = &queues["entities"][1];
        let definitions = platform.get("/api/v2/presence/definitions?deactivated=FALSE", &token).await.1;
        let coffee = named(&definitions["entities"], "/languageLabels/en_US", "Coffee");
        let mut cast = Self(BTreeMap::from([("nobody".to_owned(), NOBODY.to_owned())]));
        for (word, told) in [
            ("agent", &agent["agentId"]),
            ("user", &agent["userId"]),
            ("name", &agent["name"]),
            ("division", &agent["divisionId"]),
            ("colleague", &colleague["agentId"]),
            ("queue", &queue["id"]),
            ("queue name", &queue["name"]),
            ("coffee", &coffee["id"]),
        ] {
            cast.learn(word, told);
        }
        cast
    }

    /// What makes `<agent>` and `<colleague>` be at work.
    pub(crate) fn at_work() -> [Turn; 2] {
        ["<agent>", "<colleague>"].map(|who| {
            about(who, "state", serde_json::json!({"presence": "On Queue", "routingStatus": "IDLE"}))
        })
    }

    /// Somebody was hired.
    pub(crate) fn joined_by(&mut self, newcomer: &Value) {
        self.learn("newcomer", &newcomer["agentId"]);
        self.learn("newcomer's user", &newcomer["userId"]);
    }

    /// A text with every word replaced.
    pub(crate) fn fill(&self, text: &str) -> String {
        let replace = |text: String, (word, id): (&String, &String)| text.replace(&format!("<{word}>"), id);
        self.0.iter().fold(text.to_owned(), replace)
    }

    /// A body with every word replaced.
    pub(crate) fn fill_in(&self, body: &Value) -> Value {
        serde_json::from_str(&self.fill(&body.to_string())).unwrap()
    }

    fn learn(&mut self, word: &str, told: &Value) {
        let told = told.as_str().unwrap_or_else(|| panic!("nothing is {word}"));
        self.0.insert(word.to_owned(), told.to_owned());
    }
}

fn named<'a>(entities: &'a Value, pointer: &str, name: &str) -> &'a Value {
    let entities = entities.as_array().unwrap();
    entities.iter().find(|entity| entity.pointer(pointer).is_some_and(|told| told == name)).unwrap()
}
