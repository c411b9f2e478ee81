//! One thing that is wrong with a request. Each wire has its own way of telling it.

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// Which field, as in the contract: `agent_ids[3]`.
    pub(super) field: String,
    /// What is wrong with it and what would be right.
    pub(super) description: String,
}

impl Violation {
    pub(super) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}
