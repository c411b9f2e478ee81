//! What a row and a statement look like on disk: protobuf messages of the journal's own, apart from the wire and
//! from core, so that each can change without the others.
//!
//! Core's types are taken apart completely, so a new facet does not compile until it is stored. Values that the
//! platform may extend (presences, routing statuses) are stored as text and read by core's own parser.
//!
//! Who reads what:
//!
//! | | data of an older version | data of a newer version |
//! | --- | --- | --- |
//! | **reads** | absent fields are unknown facets, never defaults | same [`FORMAT`]: fields it does not know are skipped; greater: [`RecordError::Newer`] |
//! | **rewrites** | in its own form, on the next change of that agent | would drop the fields that it skipped |
//!
//! So a field whose loss would matter comes with a step in `migrate`: an older program then refuses the whole file
//! before it can rewrite anything. [`FORMAT`] is raised only when the meaning of an existing field changes.

mod message;
mod rulings;

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::agent::{AccountState, Presence, QueueId, RoutingStatus, SystemPresence, UserId};
use onduty_core::cursor::Revision;
use onduty_core::observation::{Clock, Said, Source, Statement};
use onduty_core::roster::register::{Estimate, Exact, Mark, Register};
use onduty_core::row::{Held, Latest, Profile, Row};
use onduty_core::time::Timestamp;
use prost::Message;
pub use rulings::{decode_rulings, encode_rulings};

use message::{
    EstimateRecord, ExactRecord, PresenceRecord, QueuesRecord, RegisterRecord, RowRecord, SaidRecord,
    StatementRecord, Value, WordRecord,
};

/// The meaning of the fields below.
pub const FORMAT: u32 = 1;

/// Stored bytes are not a record of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes are damaged.
    #[error("the record can't be decoded")]
    Bytes(#[from] prost::DecodeError),
    /// A newer version wrote it.
    #[error("the record has format {found}, this version reads up to {FORMAT}")]
    Newer {
        /// Its format.
        found: u32,
    },
    /// A field holds what no version ever wrote.
    #[error("the record's field {0} is missing or makes no sense")]
    Field(&'static str),
}

/// A row as bytes. Its user id is stored beside it, as the key.
pub fn encode_row(row: &Row) -> Vec<u8> {
    let Held {
        user_id: _,
        profile: Profile { agent_id, name, division_id, account },
        presence,
        routing_status,
        out_of_office,
        active_queues,
        login,
        seen_at,
        absent_at,
    } = &row.held;
    let record = RowRecord {
        format: FORMAT,
        revision: row.revision.0,
        changed_by: source_code(row.changed_by),
        changed_at: row.changed_at.as_millis(),
        present: row.present,
        agent_id: word(agent_id, |id| id.as_str()),
        name: word(name, |name| name),
        division_id: word(division_id, |id| id.as_str()),
        account: word(account, |account| account_text(*account)),
        presence: RegisterRecord::of(presence),
        routing_status: RegisterRecord::of(routing_status),
        out_of_office: RegisterRecord::of(out_of_office),
        active_queues: RegisterRecord::of(active_queues),
        login: RegisterRecord::of(login),
        seen_at: some_instant(seen_at.get()),
        absent_at: some_instant(*absent_at),
        label: row.label.as_deref().map(str::to_owned),
    };
    record.encode_to_vec()
}

/// A row from bytes.
///
/// # Errors
///
/// The bytes are damaged, or a newer version wrote them.
pub fn decode_row(user_id: UserId, bytes: &[u8]) -> Result<Row, RecordError> {
    let record = RowRecord::decode(bytes)?;
    refuse_newer(record.format)?;
    let profile = Profile {
        agent_id: latest(record.agent_id, |text| Some(text.into()), "agent_id")?,
        name: latest(record.name, |text| Some(text.into()), "name")?,
        division_id: latest(record.division_id, |text| Some(text.into()), "division_id")?,
        account: latest(record.account, account_of, "account")?,
    };
    let held = Held {
        user_id,
        profile,
        presence: register(record.presence, "presence")?,
        routing_status: register(record.routing_status, "routing_status")?,
        out_of_office: register(record.out_of_office, "out_of_office")?,
        active_queues: register(record.active_queues, "active_queues")?,
        login: register(record.login, "login")?,
        seen_at: Mark::new(instant(record.seen_at)),
        absent_at: instant(record.absent_at),
    };
    let changed_by = source_of(record.changed_by).ok_or(RecordError::Field("changed_by"))?;
    let changed_at = Timestamp::from_millis(record.changed_at);
    let row = Row::new(held, Revision(record.revision), changed_by, changed_at, record.present);
    Ok(row.labelled(record.label.map(Arc::from)))
}

/// A statement as bytes. Whom it is about, when and by whom it was said is stored beside it.
pub fn encode_statement(statement: &Statement) -> Vec<u8> {
    let Statement {
        agent_id,
        name,
        division_id,
        account,
        presence,
        secondary_presence,
        routing_status,
        out_of_office,
        active_queues,
        login,
        absent,
    } = statement;
    let record = StatementRecord {
        format: FORMAT,
        agent_id: agent_id.as_ref().map(|id| id.as_str().to_owned()),
        name: name.as_deref().map(str::to_owned),
        division_id: division_id.as_ref().map(|id| id.as_str().to_owned()),
        account: account.map(|account| account_text(account).to_owned()),
        presence: SaidRecord::of(presence.as_ref()),
        routing_status: SaidRecord::of(routing_status.as_ref()),
        out_of_office: SaidRecord::of(out_of_office.as_ref()),
        active_queues: SaidRecord::of(active_queues.as_ref()),
        login: SaidRecord::of(login.as_ref()),
        absent: *absent,
        secondary_presence: SaidRecord::of(secondary_presence.as_ref()),
    };
    record.encode_to_vec()
}

/// A statement from bytes.
///
/// # Errors
///
/// The bytes are damaged, or a newer version wrote them.
pub fn decode_statement(bytes: &[u8]) -> Result<Statement, RecordError> {
    let record = StatementRecord::decode(bytes)?;
    refuse_newer(record.format)?;
    let account = record.account.map(|text| account_of(&text).ok_or(RecordError::Field("account")));
    Ok(Statement {
        agent_id: record.agent_id.map(|id| id.as_str().into()),
        name: record.name.map(Arc::from),
        division_id: record.division_id.map(|id| id.as_str().into()),
        account: account.transpose()?,
        presence: said(record.presence, "presence")?,
        secondary_presence: said(record.secondary_presence, "secondary_presence")?,
        routing_status: said(record.routing_status, "routing_status")?,
        out_of_office: said(record.out_of_office, "out_of_office")?,
        active_queues: said(record.active_queues, "active_queues")?,
        login: said(record.login, "login")?,
        absent: record.absent,
    })
}

/// What a facet holds, as one of the values that can be stored.
trait Storable: Clone + Ord {
    fn to_value(&self) -> Value;
    fn from_value(value: Value) -> Option<Self>;
}

impl Storable for Presence {
    fn to_value(&self) -> Value {
        let Self { system, definition_id, message } = self;
        Value::Presence(PresenceRecord {
            system: system.text().to_owned(),
            definition_id: definition_id.as_deref().map(str::to_owned),
            message: message.as_ref().to_owned(),
        })
    }

    fn from_value(value: Value) -> Option<Self> {
        let Value::Presence(PresenceRecord { system, definition_id, message }) = value else { return None };
        Some(Self {
            system: SystemPresence::parse(&system),
            definition_id: definition_id.map(Arc::from),
            message: message.into(),
        })
    }
}

impl Storable for RoutingStatus {
    fn to_value(&self) -> Value {
        Value::RoutingStatus(self.text().to_owned())
    }

    fn from_value(value: Value) -> Option<Self> {
        let Value::RoutingStatus(text) = value else { return None };
        Some(Self::parse(&text))
    }
}

impl Storable for bool {
    fn to_value(&self) -> Value {
        Value::Flag(*self)
    }

    fn from_value(value: Value) -> Option<Self> {
        let Value::Flag(flag) = value else { return None };
        Some(flag)
    }
}

impl Storable for BTreeSet<QueueId> {
    fn to_value(&self) -> Value {
        Value::Queues(QueuesRecord { ids: self.iter().map(|id| id.as_str().to_owned()).collect() })
    }

    fn from_value(value: Value) -> Option<Self> {
        let Value::Queues(QueuesRecord { ids }) = value else { return None };
        Some(ids.iter().map(|id| id.as_str().into()).collect())
    }
}

impl RegisterRecord {
    fn of<T: Storable>(register: &Register<T>) -> Option<Self> {
        let exact =
            register.exact().map(|Exact { value, clock: Clock { at, version }, source, vouched_at }| {
                ExactRecord {
                    value: Some(value.to_value()),
                    clock_at: at.as_millis(),
                    clock_version: *version,
                    source: source_code(*source),
                    vouched_at: vouched_at.get().as_millis(),
                }
            });
        let estimate = register.estimate().map(|Estimate { value, heard_at, read_until }| EstimateRecord {
            value: Some(value.to_value()),
            heard_at: heard_at.get().as_millis(),
            read_until: Some(read_until.get())
                .filter(|until| *until > Timestamp::MIN)
                .map(Timestamp::as_millis),
        });
        (exact.is_some() || estimate.is_some()).then_some(Self { exact, estimate })
    }
}

fn register<T: Storable>(
    record: Option<RegisterRecord>,
    field: &'static str,
) -> Result<Register<T>, RecordError> {
    let Some(RegisterRecord { exact, estimate }) = record else { return Ok(Register::default()) };
    let exact = exact.map(|exact| -> Result<_, RecordError> {
        Ok(Exact {
            value: value(exact.value, field)?,
            clock: Clock { at: Timestamp::from_millis(exact.clock_at), version: exact.clock_version },
            source: source_of(exact.source).ok_or(RecordError::Field(field))?,
            vouched_at: Mark::new(Timestamp::from_millis(exact.vouched_at)),
        })
    });
    let estimate = estimate.map(|estimate| -> Result<_, RecordError> {
        let read_until = estimate.read_until.map_or(Timestamp::MIN, Timestamp::from_millis);
        Ok(Estimate {
            value: value(estimate.value, field)?,
            heard_at: Mark::new(Timestamp::from_millis(estimate.heard_at)),
            read_until: Mark::new(read_until),
        })
    });
    Ok(Register::from_parts(exact.transpose()?, estimate.transpose()?))
}

impl SaidRecord {
    fn of<T: Storable>(said: Option<&Said<T>>) -> Option<Self> {
        said.map(|Said { value, clock }| Self {
            value: Some(value.to_value()),
            clock_at: clock.map(|clock| clock.at.as_millis()),
            clock_version: clock.map_or(0, |clock| clock.version),
        })
    }
}

fn said<T: Storable>(
    record: Option<SaidRecord>,
    field: &'static str,
) -> Result<Option<Said<T>>, RecordError> {
    let Some(record) = record else { return Ok(None) };
    let clock =
        record.clock_at.map(|at| Clock { at: Timestamp::from_millis(at), version: record.clock_version });
    Ok(Some(Said { value: value(record.value, field)?, clock }))
}

fn value<T: Storable>(value: Option<Value>, field: &'static str) -> Result<T, RecordError> {
    value.and_then(T::from_value).ok_or(RecordError::Field(field))
}

fn word<T>(latest: &Option<Latest<T>>, text: impl FnOnce(&T) -> &str) -> Option<WordRecord> {
    latest
        .as_ref()
        .map(|Latest { at, value }| WordRecord { value: text(value).to_owned(), at: at.get().as_millis() })
}

fn latest<T>(
    record: Option<WordRecord>,
    read: impl FnOnce(&str) -> Option<T>,
    field: &'static str,
) -> Result<Option<Latest<T>>, RecordError> {
    let Some(WordRecord { value, at }) = record else { return Ok(None) };
    let value = read(&value).ok_or(RecordError::Field(field))?;
    Ok(Some(Latest { at: Mark::new(Timestamp::from_millis(at)), value }))
}

/// "Never" is left out, being the longest number there is.
fn some_instant(at: Timestamp) -> Option<i64> {
    (at != Timestamp::MIN).then(|| at.as_millis())
}

fn instant(millis: Option<i64>) -> Timestamp {
    millis.map_or(Timestamp::MIN, Timestamp::from_millis)
}

fn refuse_newer(found: u32) -> Result<(), RecordError> {
    if found > FORMAT { Err(RecordError::Newer { found }) } else { Ok(()) }
}

const fn source_code(source: Source) -> u32 {
    match source {
        Source::Webhook => 1,
        Source::Channel => 2,
        Source::Sweep => 3,
        Source::Lookup => 4,
    }
}

fn source_of(code: u32) -> Option<Source> {
    Source::ALL.into_iter().find(|source| source_code(*source) == code)
}

const fn account_text(account: AccountState) -> &'static str {
    match account {
        AccountState::Active => "active",
        AccountState::Inactive => "inactive",
        AccountState::Deleted => "deleted",
    }
}

fn account_of(text: &str) -> Option<AccountState> {
    [AccountState::Active, AccountState::Inactive, AccountState::Deleted]
        .into_iter()
        .find(|account| account_text(*account) == text)
}

#[cfg(test)]
mod tests;
