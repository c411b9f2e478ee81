//! The gRPC contract as Rust types: messages, clients and server traits generated from `proto/` by
//! `cargo xtask codegen`, committed, and compared with the contract in CI.
//!
//! One hand-written piece: [`encoded`], which lets a server send a message that was encoded beforehand.

pub mod encoded;

/// Version 1 of the API: messages, [`agent_state_service_client`](v1::agent_state_service_client),
/// [`diagnosis_service_client`](v1::diagnosis_service_client) and their servers.
///
/// The server of `AgentStateService` answers with [`encoded::Encoded`] messages; its clients are ordinary ones.
#[expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::large_enum_variant,
    clippy::too_many_lines,
    reason = "generated code: it has its own habits, and the contract decides the sizes of its messages"
)]
pub mod v1 {
    include!("gen/onduty.v1.rs");
}

/// The descriptors of all files of the contract and of what they import, for server reflection: an encoded
/// `google.protobuf.FileDescriptorSet` without comments.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/file_descriptor_set.bin");
