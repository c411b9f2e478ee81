//! A clock that is off, which no test can do to a machine: the doctor in this process, told another time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use onduty::clock::Clock;
use onduty::config::{Config, FileText, Layers};
use onduty::doctor::{Doctor, Status};
use onduty_core::time::Timestamp;

use crate::stage::Stage;

fn configuration(stage: &Stage) -> Config {
    let url = stage.url();
    let text = format!(
        "ingress.bearer = \"letmein\"\nstore.dir = \"{}\"\n[platform]\napi_url = \"{url}\"\nlogin_url = \"{url}\"\n\
         api = \"agent-states\"\nclient_id = \"sim-full\"\nclient_secret = \"sim-secret\"\n",
        stage.folder.path().display()
    );
    let layers = Layers {
        flags: Vec::new(),
        environment: BTreeMap::new(),
        file: Some(FileText { name: "the test's".to_owned(), text }),
        state_dir: None,
        read_file: |_| Err(std::io::ErrorKind::Unsupported.into()),
    };
    Config::load(&layers).unwrap()
}

#[tokio::test]
async fn a_clock_that_is_off_is_warned_of_and_fails_when_it_is_far_off() {
    let stage = Stage::open().await;
    let config = configuration(&stage);
    for (ahead_ms, expected) in [
        (0, Status::Ok),
        (10_000, Status::Warn),
        (-10_000, Status::Warn),
        (90_000, Status::Fail),
        (-90_000, Status::Fail),
    ] {
        let ahead = Arc::new(AtomicI64::new(ahead_ms));
        let clock = Clock::from_fn(move || {
            Timestamp::from_millis(Clock::system().now().as_millis() + ahead.load(Ordering::Relaxed))
        });
        let doctor = Doctor::alone(&config, clock).unwrap();
        let examination = Box::pin(doctor.examine(None, None)).await;
        let check = examination.checks.iter().find(|check| check.name == "clock").unwrap();
        assert_eq!(check.status, expected, "{ahead_ms}: {check:?}");
        let wrong = check.reason.map(onduty_core::finding::Reason::name);
        assert_eq!(wrong, (expected != Status::Ok).then_some("CLOCK_SKEWED"));
    }
}
