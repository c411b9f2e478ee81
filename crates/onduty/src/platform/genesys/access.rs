//! What the token may do, read from the calls that need no permission, and kept for a while: a storm of questions
//! about one cause costs these few requests once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onduty_core::access::{Access, Grant, Needs, Permitted, Seen, Token};
use onduty_core::agent::DivisionId;
use onduty_core::diagnose::{Rights, hindrance};
use onduty_core::facts::Denial;
use onduty_core::finding::{Evidence, Reason};
use onduty_core::time::Timestamp;

use super::budget::Purpose;
use super::client::{Answer, Ask, Client};
use super::decode;
use super::error::PlatformError;
use super::route::{Route, encoded};
use crate::status::StatusBoard;

/// Pages of divisions read, at most.
const DIVISION_PAGES_MAX: u64 = 20;
/// How long rights to everything are relied on: changes of grants take minutes to apply anyway.
const LIFE_UNHINDERED: Duration = Duration::from_secs(300);
/// How long anything less is: whoever mends it wants to see that at once.
const LIFE_HINDERED: Duration = Duration::from_secs(15);
/// From one new token for want of a scope to the next.
const TOKEN_RENEWED_EVERY: Duration = Duration::from_secs(60);
/// How long what could not be read stays unread.
const LIFE_UNREAD: Duration = Duration::from_secs(2);

/// Reads what one token may do.
#[derive(Debug)]
pub struct AccessReader {
    needs: Needs,
    held: Mutex<Held>,
    /// Held by whoever reads. Whoever needs what comes of it waits; whoever takes what is there does not.
    reading: tokio::sync::Mutex<()>,
    /// Held by whoever asks for one state to see a hindrance confirmed. The others wait for what comes of it.
    confirming: tokio::sync::Mutex<()>,
    board: StatusBoard,
}

/// What was read last.
#[derive(Debug, Default)]
struct Held {
    standing: Option<Standing>,
    token_renewed_at: Option<Timestamp>,
}

/// What the token may do, and what single reads have said to it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What it may do.
    pub access: Arc<Access>,
    /// Whether grants were read as well.
    is_thorough: bool,
    read_at: Timestamp,
    /// The refusal of one state read alone, by what it stands for.
    denials: BTreeMap<Whom, Seen<Denial>>,
}

/// Whom a hindrance hides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// Every agent.
    Everybody,
    /// Those of a division.
    Division(DivisionId),
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Grants only where the permission is not in effect everywhere.
    Enough,
    /// Grants in any case: the platform has refused what the rest allows.
    Thorough,
}

impl AccessReader {
    /// A reader; nothing is read yet. What it reads is shown on the board.
    pub fn new(needs: Needs, board: StatusBoard) -> Self {
        Self {
            needs,
            held: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            confirming: tokio::sync::Mutex::default(),
            board,
        }
    }

    /// What states need.
    pub const fn needs(&self) -> Needs {
        self.needs
    }

    /// What is relied on now, without reading anything.
    pub fn held(&self, now: Timestamp) -> Option<Standing> {
        self.lock().standing.as_ref().filter(|standing| standing.is_current(&self.needs, now)).cloned()
    }

    /// What the token may do, read again when it is too old. What can't be read is absent, and said to be.
    pub async fn current(&self, client: &Client, purpose: Purpose, depth: Depth) -> Standing {
        let held = || {
            let enough = |standing: &Standing| standing.is_thorough || depth == Depth::Enough;
            self.held(client.now()).filter(enough)
        };
        if let Some(standing) = held() {
            return standing;
        }
        let _reading = self.reading.lock().await;
        // Somebody else may have read it while this one waited.
        if let Some(standing) = held() {
            return standing;
        }
        self.lock().renew_token_without_scope(&self.needs, client);
        let standing = read(&self.needs, client, purpose, depth).await;
        self.board.access(self.needs, Arc::clone(&standing.access));
        self.lock().standing = Some(standing.clone());
        standing
    }

    /// Forgets everything: the next question reads anew.
    pub fn forget(&self) {
        self.lock().standing = None;
    }

    /// What the read of one state says to a hindrance: read once for all whom it hides. Nothing, if that read shows
    /// no refusal.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer.
    pub async fn confirm(
        &self,
        whom: &Whom,
        now: Timestamp,
        read: impl Future<Output = Result<Option<Seen<Denial>>, PlatformError>>,
    ) -> Result<Option<Seen<Denial>>, PlatformError> {
        let _confirming = self.confirming.lock().await;
        if let Some(denial) = self.held(now).and_then(|standing| standing.denials.get(whom).cloned()) {
            return Ok(Some(denial));
        }
        let denial = read.await?;
        if let (Some(standing), Some(denial)) = (self.lock().standing.as_mut(), &denial) {
            standing.denials.insert(whom.clone(), denial.clone());
        }
        Ok(denial)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Whole after each use.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// A scope given to the client since is in the next token only. Asked for at most once a while: the token
    /// endpoint is not to be hammered.
    fn renew_token_without_scope(&mut self, needs: &Needs, client: &Client) {
        let now = client.now();
        let token = self.standing.as_ref().and_then(|standing| standing.access.token.as_ref());
        let lacks = needs.scope.zip(token).is_some_and(|(scope, token)| !token.value.scopes.contains(scope));
        let lately = self.token_renewed_at.is_some_and(|at| now.since(at) < TOKEN_RENEWED_EVERY);
        if lacks && !lately {
            client.renew_token();
            self.token_renewed_at = Some(now);
        }
    }
}

impl Standing {
    /// What hides somebody of a division, as far as rights alone tell, and whom else it hides.
    pub fn hides(&self, needs: &Needs, division: Option<&DivisionId>, now: Timestamp) -> Option<Whom> {
        let by = |division| hindrance(&Rights { needs, access: &self.access, division, now });
        if by(None).is_some() {
            return Some(Whom::Everybody);
        }
        division.filter(|division| by(Some(division)).is_some()).map(|id| Whom::Division(id.clone()))
    }

    /// Whether the token sees everybody of a division; of an unknown one only rights everywhere tell.
    pub fn shows(&self, needs: &Needs, division: Option<&DivisionId>, now: Timestamp) -> bool {
        self.access.sees(division) && self.hides(needs, division, now).is_none()
    }

    /// What the read of one state said to the same hindrance.
    pub fn denial(&self, whom: &Whom) -> Option<&Seen<Denial>> {
        self.denials.get(whom)
    }

    fn is_current(&self, needs: &Needs, now: Timestamp) -> bool {
        let sees_all = self.access.permitted.as_ref().is_some_and(|permitted| permitted.value.everywhere);
        let life = if !self.access.unread.is_empty() {
            LIFE_UNREAD
        } else if sees_all && self.hides(needs, None, now).is_none() && self.denials.is_empty() {
            LIFE_UNHINDERED
        } else {
            LIFE_HINDERED
        };
        now.since(self.read_at) < life && self.read_at <= now
    }
}

async fn read(needs: &Needs, client: &Client, purpose: Purpose, depth: Depth) -> Standing {
    let read_at = client.now();
    let mut access = Access::default();
    access.token = kept(token(client, purpose).await, Reason::ScopeMissing, &mut access.unread, read_at);
    let permitted = permitted(needs, client, purpose, &mut access).await;
    access.permitted = kept(permitted, Reason::DivisionNotVisible, &mut access.unread, read_at);
    let everywhere = access.permitted.as_ref().is_some_and(|permitted| permitted.value.everywhere);
    let is_thorough = !everywhere || depth == Depth::Thorough;
    if is_thorough {
        let grants = grants(client, purpose).await;
        access.grants = kept(grants, Reason::PermissionPending, &mut access.unread, read_at);
        // Names are for people: without them the ids stand.
        if let Ok(names) = division_names(client, purpose).await {
            access.division_names.extend(names);
        }
    }
    let hinders = hindrance(&Rights { needs, access: &access, division: None, now: read_at });
    tracing::debug!(hindrance = hinders.map(Reason::name), "read what the token may do");
    Standing { access: Arc::new(access), is_thorough, read_at, denials: BTreeMap::new() }
}

/// What was read, or nothing and why.
fn kept<T>(
    read: Result<T, PlatformError>,
    for_telling: Reason,
    unread: &mut Vec<Evidence>,
    asked_at: Timestamp,
) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            let detail = format!("could not be read, so {} can't be told: {error}", for_telling.name());
            unread.push(Evidence::at("diagnosis", detail, asked_at));
            None
        }
    }
}

/// What the token is, asked anew.
///
/// # Errors
///
/// When the platform does not say.
pub async fn token(client: &Client, purpose: Purpose) -> Result<Seen<Token>, PlatformError> {
    let path = Route::TokenInfo.template().to_owned();
    let answer = client.get(&Ask { route: Route::TokenInfo, path, purpose }).await?;
    let info = client.read(&answer, decode::token_info)?;
    let organisation = info.organisation.or(info.organisation_id).map(Into::into);
    let client_id = info.client.map(|client| client.id.into());
    Ok(answer.seen(Token { scopes: info.scopes, organisation, client_id }))
}

async fn permitted(
    needs: &Needs,
    client: &Client,
    purpose: Purpose,
    access: &mut Access,
) -> Result<Seen<Permitted>, PlatformError> {
    let route = Route::PermittedDivisions;
    let mut permitted = Permitted::default();
    let mut number = 1;
    loop {
        let permission = encoded(needs.permission);
        let path = format!("{route}?permission={permission}&pageSize=100&pageNumber={number}");
        let answer = client.get(&Ask { route, path, purpose }).await?;
        let read = client.read(&answer, decode::permitted_divisions)?;
        permitted.everywhere |= read.everywhere;
        for division in read.page.entities {
            access.division_names.insert(division.id.clone(), division.name.into());
            permitted.divisions.insert(division.id);
        }
        permitted.has_more = read.page.has_next;
        if permitted.everywhere || !read.page.has_next || number == DIVISION_PAGES_MAX {
            return Ok(answer.seen(permitted));
        }
        number += 1;
    }
}

async fn grants(client: &Client, purpose: Purpose) -> Result<Seen<Vec<Grant>>, PlatformError> {
    let path = Route::Subject.template().to_owned();
    let answer = client.get(&Ask { route: Route::Subject, path, purpose }).await?;
    let grants = client.read(&answer, decode::grants)?;
    Ok(answer.seen(grants))
}

async fn division_names(
    client: &Client,
    purpose: Purpose,
) -> Result<Vec<(DivisionId, Arc<str>)>, PlatformError> {
    let path = format!("{}?pageSize=100", Route::Divisions);
    let answer = client.get(&Ask { route: Route::Divisions, path, purpose }).await?;
    let page = client.read(&answer, decode::divisions)?;
    Ok(page.entities.into_iter().map(|division| (division.id, division.name.into())).collect())
}

impl Answer {
    /// Something seen in it.
    pub fn seen<T>(&self, value: T) -> Seen<T> {
        let correlation_id = self.correlation_id.as_deref().map(Into::into);
        Seen { value, origin: self.route.template(), at: self.sent_at, correlation_id }
    }
}
