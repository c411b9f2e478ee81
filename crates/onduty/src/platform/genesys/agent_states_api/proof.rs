//! When may an agent that the list of states leaves out be said to be logged out? The list is silent for many
//! reasons: a scope, a permission, a division, a log-out. Pure.
//!
//! A division is proven visible in this listing once the list told the state of anybody in it, or once the singular
//! read, which does say why not, answered `404` for somebody in it while the token's rights reach there.

use std::collections::BTreeSet;

use onduty_core::agent::DivisionId;
use onduty_core::finding::Evidence;

/// Singular reads in one listing, at most: they cost a request each.
const PROBES_MAX: u32 = 100;

/// What one listing has proven so far.
#[derive(Debug)]
pub struct Proof {
    visible: BTreeSet<DivisionId>,
    denied: Option<Evidence>,
    probes_left: u32,
}

/// What follows from an omission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inference {
    /// Nobody is logged in.
    LoggedOut,
    /// Ask for this agent alone.
    Probe,
    /// Nothing.
    Nothing,
}

impl Default for Proof {
    fn default() -> Self {
        Self { visible: BTreeSet::new(), denied: None, probes_left: PROBES_MAX }
    }
}

impl Proof {
    /// The list told a state of somebody in this division, or the singular read proved it visible.
    pub fn saw_in(&mut self, division: Option<&DivisionId>) {
        self.visible.extend(division.cloned());
    }

    /// The singular read was refused: it will be for everybody, so it is not tried again in this listing.
    pub fn deny(&mut self, evidence: Evidence) {
        self.denied = Some(evidence);
    }

    /// What kept states from being seen, if anything did.
    pub const fn denied(&self) -> Option<&Evidence> {
        self.denied.as_ref()
    }

    /// What follows from the omission of an agent. One held as logged in is always asked for alone: the list is
    /// served from a cache that can lag behind a log-in.
    pub fn infer(&self, held_as_logged_in: bool, division: Option<&DivisionId>) -> Inference {
        let visible = division.is_some_and(|division| self.visible.contains(division));
        if visible && !held_as_logged_in {
            Inference::LoggedOut
        } else if self.denied.is_none() && self.probes_left > 0 {
            Inference::Probe
        } else {
            Inference::Nothing
        }
    }

    /// Counts a probe.
    pub fn probed(&mut self) {
        self.probes_left = self.probes_left.saturating_sub(1);
    }

    /// No more probes in this listing.
    pub fn stop_probing(&mut self) {
        self.probes_left = 0;
    }
}

#[cfg(test)]
mod tests {
    use onduty_core::time::Timestamp;

    use super::*;

    fn division(id: &str) -> DivisionId {
        DivisionId::from(id)
    }

    #[test]
    fn an_omission_means_a_log_out_only_where_somebody_was_seen() {
        let mut proof = Proof::default();
        let (berlin, lisbon) = (division("berlin"), division("lisbon"));
        assert_eq!(proof.infer(false, Some(&berlin)), Inference::Probe);
        proof.saw_in(Some(&berlin));
        assert_eq!(proof.infer(false, Some(&berlin)), Inference::LoggedOut);
        assert_eq!(proof.infer(true, Some(&berlin)), Inference::Probe);
        assert_eq!(proof.infer(false, Some(&lisbon)), Inference::Probe);
        assert_eq!(proof.infer(false, None), Inference::Probe);
        proof.deny(Evidence::at("/", "403", Timestamp::from_millis(1)));
        assert_eq!(proof.infer(false, Some(&lisbon)), Inference::Nothing);
        assert_eq!(proof.infer(true, Some(&berlin)), Inference::Nothing);
    }

    #[test]
    fn probes_are_counted() {
        let mut proof = Proof::default();
        for _ in 0..PROBES_MAX {
            assert_eq!(proof.infer(true, None), Inference::Probe);
            proof.probed();
        }
        assert_eq!(proof.infer(true, None), Inference::Nothing);
    }
}
