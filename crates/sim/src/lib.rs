//! A simulated contact-centre cloud: one truth, its faults, and the wire it is seen through.
//!
//! It speaks the users API of Genesys Cloud and the agent-states API of the project's contract, pushes webhooks, has
//! notification channels with their sockets, and a control plane under `/sim/`. It shares no code with the sidecar on
//! purpose: a simulator built on the sidecar's own decoder would agree with its misreadings. The payloads in
//! `fixtures/` judge both.
//!
//! ```text
//! scenario, script, control plane, the API's own writes
//!        |  moves
//!        v
//! cloud (pure truth)  --changes-->  world (faults, counters)  --events-->  delivery (webhooks)
//!        ^                                |       +--events-->  channels  --lines-->  shell/sockets
//!        +------------ wire (pure: Call -> Answer) <---- shell (listener, time, tasks)
//! ```

mod channels;
pub mod cloud;
mod delivery;
mod events;
mod faults;
pub mod scenario;
mod sender;
mod shapes;
mod shell;
mod stats;
mod tokens;
mod wire;
mod world;

pub use faults::{FaultError, WebhookFormat};
pub use sender::{AuthError, WebhookAuth};
pub use shell::{SimError, SimOptions, Simulator, TlsError, WebhookTarget};
