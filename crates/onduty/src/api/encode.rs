//! Responses out of rows that were encoded once. A protobuf message may be written in pieces (fields in any order,
//! and a message that comes twice is merged), so a row's bytes are copied as they are and what moves with time, the
//! evidence, is written behind them. A response then costs a copy, not an encoding.

use bytes::Bytes;
use onduty_core::answer::Answer;
use onduty_core::row::Row;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::convert::{Confirmed, to_agent_state_unconfirmed, to_finding};

/// Numbers of the fields that are written here by hand, as in `proto/onduty/v1`. The tests decode what is written.
mod field {
    pub(super) const AGENT_STATE_CONFIRMED_AT: u32 = 11;
    pub(super) const AGENT_STATE_ACTIVE_QUEUES_CONFIRMED_AT: u32 = 17;
    pub(super) const GET_AGENT_STATE: u32 = 1;
    pub(super) const BATCH_RESULTS: u32 = 1;
    pub(super) const RESULT_AGENT_STATE: u32 = 1;
    pub(super) const RESULT_FINDING: u32 = 2;
    pub(super) const LIST_AGENT_STATES: u32 = 1;
    pub(super) const SNAPSHOT_AGENT_STATES: u32 = 1;
    pub(super) const CHANGES: u32 = 1;
    pub(super) const CHANGE_UPSERTED: u32 = 1;
    pub(super) const CHANGE_REMOVED: u32 = 2;
    pub(super) const WATCH_SNAPSHOT: u32 = 1;
    pub(super) const WATCH_CHANGES: u32 = 2;
}

/// One state, ready to be written as a field of any message.
struct State<'a> {
    row: &'a [u8],
    confirmed: Confirmed,
}

impl<'a> State<'a> {
    fn of(row: &'a Row) -> Self {
        let bytes = row.encoded_with(|row| to_agent_state_unconfirmed(row).encode_to_vec());
        Self { row: bytes, confirmed: Confirmed::of(row) }
    }

    fn instants(&self) -> impl Iterator<Item = (u32, &prost_types::Timestamp)> {
        let Confirmed { confirmed_at, active_queues_confirmed_at } = &self.confirmed;
        let state = confirmed_at.iter().map(|at| (field::AGENT_STATE_CONFIRMED_AT, at));
        let queues =
            active_queues_confirmed_at.iter().map(|at| (field::AGENT_STATE_ACTIVE_QUEUES_CONFIRMED_AT, at));
        state.chain(queues)
    }

    fn len(&self) -> usize {
        let evidence: usize = self.instants().map(|(number, at)| field_len(number, at.encoded_len())).sum();
        self.row.len() + evidence
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        put_head(number, self.len(), out);
        out.extend_from_slice(self.row);
        for (number, at) in self.instants() {
            put_head(number, at.encoded_len(), out);
            at.encode_raw(out);
        }
    }
}

/// The answer to a single question.
pub(super) fn get_response(row: &Row) -> Encoded<v1::GetAgentStateResponse> {
    let state = State::of(row);
    let mut out = Vec::with_capacity(field_len(field::GET_AGENT_STATE, state.len()));
    state.put(field::GET_AGENT_STATE, &mut out);
    Encoded::from_bytes(out.into())
}

/// The answers to a batch, in order.
pub(super) fn batch_response(answers: &[Answer]) -> Encoded<v1::BatchGetAgentStatesResponse> {
    // Room for all states at once: growing by doubling would copy most of them once more.
    let mut out = Vec::with_capacity(answers.iter().map(state_result_len).sum());
    for answer in answers {
        match answer {
            Answer::State(row) => {
                let state = State::of(row);
                put_head(field::BATCH_RESULTS, field_len(field::RESULT_AGENT_STATE, state.len()), &mut out);
                state.put(field::RESULT_AGENT_STATE, &mut out);
            }
            Answer::Miss(finding) => {
                let finding = to_finding(finding);
                let len = finding.encoded_len();
                put_head(field::BATCH_RESULTS, field_len(field::RESULT_FINDING, len), &mut out);
                put_head(field::RESULT_FINDING, len, &mut out);
                finding.encode_raw(&mut out);
            }
        }
    }
    Encoded::from_bytes(out.into())
}

/// The length of a state among the results of a batch. Findings are rare enough to be left out.
fn state_result_len(answer: &Answer) -> usize {
    match answer {
        Answer::State(row) => {
            field_len(field::BATCH_RESULTS, field_len(field::RESULT_AGENT_STATE, State::of(row).len()))
        }
        Answer::Miss(_) => 0,
    }
}

/// Writes states for as long as they fit into so many bytes (the first always does), and says how many did.
#[derive(Debug, Default)]
pub(super) struct States {
    out: Vec<u8>,
}

impl States {
    /// Adds one state unless the bytes then exceeded `max`; the first is added whatever its size.
    pub(super) fn add(&mut self, row: &Row, max: usize) -> bool {
        let state = State::of(row);
        // The field has the same number in both messages that are made of states.
        const { assert!(field::LIST_AGENT_STATES == field::SNAPSHOT_AGENT_STATES) };
        let room = self.out.is_empty() || self.out.len() + state.len() <= max;
        if room {
            state.put(field::LIST_AGENT_STATES, &mut self.out);
        }
        room
    }

    /// Whether there is none yet.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// As a page of a list; `rest` carries everything but the states.
    pub(super) fn into_list(
        mut self,
        rest: &v1::ListAgentStatesResponse,
    ) -> Encoded<v1::ListAgentStatesResponse> {
        rest.encode_raw(&mut self.out);
        Encoded::from_bytes(self.out.into())
    }

    /// As a page of a watch's snapshot; `rest` carries everything but the states.
    pub(super) fn into_snapshot(mut self, rest: &v1::WatchSnapshot) -> Encoded<v1::WatchAgentStatesResponse> {
        rest.encode_raw(&mut self.out);
        enclosed(field::WATCH_SNAPSHOT, &self.out)
    }
}

/// Changes of a watch, in order.
#[derive(Debug, Default)]
pub(super) struct Changes {
    out: Vec<u8>,
}

impl Changes {
    /// Adds a state unless the bytes then exceeded `max`; the first change is added whatever its size.
    pub(super) fn upsert(&mut self, row: &Row, max: usize) -> bool {
        let state = State::of(row);
        let len = field_len(field::CHANGE_UPSERTED, state.len());
        let room = self.has_room(len, max);
        if room {
            put_head(field::CHANGES, len, &mut self.out);
            state.put(field::CHANGE_UPSERTED, &mut self.out);
        }
        room
    }

    /// Adds the removal of an agent, within the same bound.
    pub(super) fn remove(&mut self, agent_id: &str, max: usize) -> bool {
        let len = field_len(field::CHANGE_REMOVED, agent_id.len());
        let room = self.has_room(len, max);
        if room {
            put_head(field::CHANGES, len, &mut self.out);
            put_head(field::CHANGE_REMOVED, agent_id.len(), &mut self.out);
            self.out.extend_from_slice(agent_id.as_bytes());
        }
        room
    }

    /// Whether there is none yet.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// As a message of a watch; `rest` carries everything but the changes.
    pub(super) fn into_message(mut self, rest: &v1::WatchChanges) -> Encoded<v1::WatchAgentStatesResponse> {
        rest.encode_raw(&mut self.out);
        enclosed(field::WATCH_CHANGES, &self.out)
    }

    fn has_room(&self, len: usize, max: usize) -> bool {
        self.out.is_empty() || self.out.len() + len <= max
    }
}

/// A message with a single field, which holds `inner`.
fn enclosed<T>(number: u32, inner: &[u8]) -> Encoded<T> {
    let mut out = Vec::with_capacity(field_len(number, inner.len()));
    put_head(number, inner.len(), &mut out);
    out.extend_from_slice(inner);
    Encoded::from_bytes(Bytes::from(out))
}

fn put_head(number: u32, len: usize, out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
}

const fn field_len(number: u32, len: usize) -> usize {
    key_len(number) + encoded_len_varint(len as u64) + len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::convert::to_agent_state;
    use crate::api::rows::any_row;
    use onduty_core::finding::{Finding, Reason};
    use proptest::prelude::*;
    use v1::watch_agent_states_response::Message as Watched;

    fn result(state: v1::AgentState) -> v1::AgentStateResult {
        v1::AgentStateResult { result: Some(v1::agent_state_result::Result::AgentState(state)) }
    }

    proptest! {
        #[test]
        fn assembled_bytes_are_the_message_that_conversion_gives(rows in proptest::collection::vec(any_row(), 1..8)) {
            let states: Vec<_> = rows.iter().map(|row| to_agent_state(row)).collect();
            let get = get_response(&rows[0]).decode()?;
            prop_assert_eq!(get.agent_state.as_ref(), states.first());

            let mut answers: Vec<_> = rows.iter().cloned().map(Answer::State).collect();
            let finding = Finding::new(Reason::AgentUnknown, "x", "no such agent", "check").last_known(rows.first());
            answers.insert(1, Answer::Miss(Box::new(finding.clone())));
            let mut results: Vec<_> = states.iter().cloned().map(result).collect();
            let missed = v1::agent_state_result::Result::Finding(to_finding(&finding));
            results.insert(1, v1::AgentStateResult { result: Some(missed) });
            prop_assert_eq!(batch_response(&answers).decode()?.results, results);

            let (mut list, mut snapshot, mut changes) = (States::default(), States::default(), Changes::default());
            for row in &rows {
                prop_assert!(list.add(row, usize::MAX));
                prop_assert!(snapshot.add(row, usize::MAX));
                prop_assert!(changes.upsert(row, usize::MAX));
                prop_assert!(changes.remove(row.agent_id(), usize::MAX));
            }
            let rest = v1::ListAgentStatesResponse { cursor: "c".into(), ..Default::default() };
            let expected = v1::ListAgentStatesResponse { agent_states: states.clone(), ..rest.clone() };
            prop_assert_eq!(list.into_list(&rest).decode()?, expected);

            let rest = v1::WatchSnapshot { last: true, cursor: "c".into(), ..Default::default() };
            let expected = v1::WatchSnapshot { agent_states: states.clone(), ..rest.clone() };
            prop_assert_eq!(snapshot.into_snapshot(&rest).decode()?.message, Some(Watched::Snapshot(expected)));

            let told = changes.into_message(&v1::WatchChanges { cursor: "c".into(), ..Default::default() }).decode()?;
            let each = states.iter().flat_map(|state| [
                v1::change::Change::Upserted(state.clone()), v1::change::Change::Removed(state.agent_id.clone()),
            ]);
            let each = each.map(|change| v1::Change { change: Some(change) }).collect();
            let expected = v1::WatchChanges { changes: each, cursor: "c".into() };
            prop_assert_eq!(told.message, Some(Watched::Changes(expected)));
        }

        #[test]
        fn evidence_that_arrives_after_the_encoding_is_told(row in any_row(), later in 1_i64..1_000_000) {
            get_response(&row).decode()?;
            // The roster raises a mark in place only where no estimate competes; otherwise it makes a new row.
            let login = &row.held.login;
            if let Some(exact) = login.exact().filter(|_| login.estimate().is_none()) {
                exact.vouched_at.raise(onduty_core::time::Timestamp::from_millis(later * 1_000_000));
            }
            prop_assert_eq!(get_response(&row).decode()?.agent_state, Some(to_agent_state(&row)));
        }

        #[test]
        fn a_message_ends_where_its_bytes_are_full(rows in proptest::collection::vec(any_row(), 2..20), max in 0_usize..2_000) {
            let (mut states, mut changes) = (States::default(), Changes::default());
            let fit = rows.iter().take_while(|row| states.add(row, max)).count();
            prop_assert!(fit >= 1);
            let told = rows.iter().take_while(|row| changes.upsert(row, max)).count();
            prop_assert!(told >= 1 && told <= fit);
        }
    }
}
