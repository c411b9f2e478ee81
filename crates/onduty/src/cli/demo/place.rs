//! Where a demo happens: its ports, its folder, its configuration, and what is said of them.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::trouble::Trouble;
use crate::cli::settings::read_small;
use crate::config::{DEFAULT_PORT, Layers, env_name};

/// The simulator's port above the first one.
const SIMULATOR_ABOVE: u16 = 80;

/// The ports and the folder of one demo. The folder is removed at the end.
pub(super) struct Place {
    pub(super) api: SocketAddr,
    ingress: SocketAddr,
    admin: SocketAddr,
    pub(super) simulator: SocketAddr,
    pub(super) webhook_secret: String,
    folder: PathBuf,
}

impl Place {
    /// Makes a folder of its own under `temporary_dir`; a name that is taken is somebody else's.
    pub(super) fn make(temporary_dir: &Path, port_base: u16) -> io::Result<Self> {
        let at = |above: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port_base + above));
        let folder = temporary_dir.join(format!("onduty-demo-{:016x}", rand::random::<u64>()));
        fs::create_dir(&folder)?;
        Ok(Self {
            api: at(0),
            ingress: at(1),
            admin: at(2),
            simulator: at(SIMULATOR_ABOVE),
            webhook_secret: format!("whsec_{}", STANDARD.encode(rand::random::<[u8; 24]>())),
            folder,
        })
    }

    pub(super) fn webhook_url(&self) -> String {
        format!("http://{}/webhooks/genesys", self.ingress)
    }

    /// The configuration. The environment of the process has no say: a demo is the same everywhere.
    pub(super) fn layers(&self) -> Layers {
        let platform = format!("http://{}", self.simulator);
        let settings = [
            ("platform.api_url", platform.clone()),
            ("platform.login_url", platform),
            ("platform.client_id", "sim-full".to_owned()),
            ("platform.client_secret", "sim-secret".to_owned()),
            ("api.listen", self.api.to_string()),
            ("ingress.listen", self.ingress.to_string()),
            ("ingress.secrets", self.webhook_secret.clone()),
            ("admin.listen", self.admin.to_string()),
            ("sync.sweep_interval", "20s".to_owned()),
            ("store.dir", self.folder.display().to_string()),
            ("log.level", "error".to_owned()),
        ];
        Layers {
            flags: Vec::new(),
            environment: settings.into_iter().map(|(key, value)| (env_name(key), value)).collect(),
            file: None,
            state_dir: None,
            read_file: read_small,
        }
    }

    /// What is running where, and three things to try.
    pub(super) fn greeting(
        &self,
        program: &str,
        some_agent: Option<&str>,
        agents: usize,
        rate: f64,
        trouble: Option<Trouble>,
    ) -> Vec<String> {
        let trouble = trouble.map_or_else(String::new, |trouble| format!("; {}", trouble.words()));
        let address = match self.api.port() {
            DEFAULT_PORT => String::new(),
            _ => format!(" --address {}", self.api),
        };
        vec![
            format!("A simulated contact centre: {agents} agents, {rate} changes a second{trouble}."),
            format!("  sidecar    gRPC on {}, webhooks on {}", self.api, self.ingress),
            format!("  metrics    http://{}/metrics", self.admin),
            format!("  simulator  http://{}/sim/agents", self.simulator),
            "Try, in another terminal:".to_owned(),
            format!("  {program} get {}{address}", some_agent.unwrap_or("ID")),
            format!("  {program} list --presence on-queue{address}"),
            format!("  {program} watch{address}"),
            String::new(),
        ]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nothing depends on it: what is left behind is in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_demo_has_a_valid_configuration_and_leaves_nothing_behind() {
        let temporary = tempfile::tempdir().expect("a folder");
        let place = Place::make(temporary.path(), DEFAULT_PORT).expect("made");
        let config = Config::load(&place.layers()).expect("valid");
        assert_eq!(config.api.listen.to_string(), "127.0.0.1:7400");
        assert_eq!(config.platform.api_url.as_str(), "http://127.0.0.1:7480");
        assert!(config.store.dir.is_dir());
        drop(place);
        assert_eq!(temporary.path().read_dir().expect("readable").count(), 0);
    }

    #[test]
    fn the_commands_to_try_name_the_address_only_where_they_must() {
        let temporary = tempfile::tempdir().expect("a folder");
        let usual = Place::make(temporary.path(), DEFAULT_PORT).expect("made");
        let lines = usual.greeting("onduty", Some("a1"), 5, 2.0, None);
        assert_eq!(lines[5..8], ["  onduty get a1", "  onduty list --presence on-queue", "  onduty watch"]);
        let other = Place::make(temporary.path(), 9_000).expect("made");
        let lines = other.greeting("onduty", None, 5, 2.0, Some(Trouble::WebhookLoss));
        assert_eq!(lines[5], "  onduty get ID --address 127.0.0.1:9000");
        assert!(lines[0].ends_with("; webhooks are lost."), "{}", lines[0]);
    }
}
