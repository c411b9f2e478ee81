//! The reads of a listing, each tried again for a while: a listing is long, and one bad answer should not cost it.

use std::sync::Arc;
use std::time::Duration;

use onduty_core::observation::{Observation, Source};
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use tokio::time::sleep;

use super::{Sweep, SweepError};
use crate::error_chain::Chain;
use crate::platform::genesys::backoff::backoff;
use crate::platform::genesys::error::PlatformError;
use crate::platform::{ListedPage, Walk};

/// Times that one read is tried before the listing is given up.
const TRIES_MAX: u32 = 5;

impl Sweep {
    pub(super) async fn page(&self, walk: &mut Walk, number: u64) -> Result<ListedPage, SweepError> {
        let mut tried = 0;
        loop {
            match self.platform.list_page(walk, number).await {
                Ok(page) => return Ok(page),
                Err(error) => self.rest_before_retry(error, number, &mut tried).await?,
            }
        }
    }

    pub(super) async fn still_there(
        &self,
        missing: &[Arc<Row>],
        number: u64,
    ) -> Result<Vec<Observation>, SweepError> {
        let mut tried = 0;
        loop {
            match self.platform.still_there(missing).await {
                Ok(found) => return Ok(found),
                Err(error) => self.rest_before_retry(error, number, &mut tried).await?,
            }
        }
    }

    /// Waits before the same is asked again, but does not let it be asked for ever.
    async fn rest_before_retry(
        &self,
        error: PlatformError,
        number: u64,
        tried: &mut u32,
    ) -> Result<(), SweepError> {
        *tried += 1;
        if *tried >= TRIES_MAX {
            return Err(SweepError::Page { number, source: error });
        }
        self.status.source(Source::Sweep, |standing| {
            standing.detail = format!("page {number}: {}", Chain(&error));
        });
        let (base, cap) = (Duration::from_millis(500), Duration::from_secs(30));
        let wait = backoff(*tried, base, cap, rand::random());
        sleep(wait.max(allowed_after(&error, self.clock.now()))).await;
        Ok(())
    }
}

/// How long the platform itself wants to be left alone.
pub(super) fn allowed_after(error: &PlatformError, now: Timestamp) -> Duration {
    match error {
        PlatformError::RateLimited { until } => until.since(now),
        PlatformError::Unavailable { .. }
        | PlatformError::CredentialsRejected { .. }
        | PlatformError::WrongRegion { .. }
        | PlatformError::Refused(_)
        | PlatformError::Malformed { .. } => Duration::ZERO,
    }
}
