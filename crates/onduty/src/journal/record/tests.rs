//! What goes in comes out, and what newer or broken writers left is told apart.

use onduty_core::cursor::Epoch;
use onduty_core::roster::Roster;
use proptest::prelude::*;

use super::*;
use crate::journal::strategy::{batches, statement};

proptest! {
    #[test]
    fn a_statement_survives_its_record(statement in statement()) {
        prop_assert_eq!(decode_statement(&encode_statement(&statement)), Ok(statement));
    }

    #[test]
    fn a_row_survives_its_record_with_its_marks(batches in batches()) {
        let mut roster = Roster::new(Epoch(1));
        for input in batches.iter().flatten() {
            roster.step(input);
        }
        for row in roster.snapshot().rows() {
            let again = decode_row(row.user_id().clone(), &encode_row(row)).unwrap();
            prop_assert_eq!(format!("{again:?}"), format!("{row:?}"));
        }
    }

    #[test]
    fn damaged_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // Either is fine: protobuf takes much for a record with unknown fields.
        let _ = (decode_row("u".into(), &bytes), decode_statement(&bytes));
    }
}

#[derive(Clone, PartialEq, Message)]
struct Tomorrow {
    #[prost(uint32, tag = "1")]
    format: u32,
    #[prost(string, optional, tag = "3")]
    name: Option<String>,
    #[prost(string, tag = "900")]
    mood: String,
}

#[test]
fn fields_of_a_newer_version_are_skipped() {
    let tomorrow = Tomorrow { format: FORMAT, name: Some("Ada".into()), mood: "sunny".into() };
    let read = decode_statement(&tomorrow.encode_to_vec()).unwrap();
    assert_eq!(read, Statement { name: Some("Ada".into()), ..Statement::default() });
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let tomorrow = Tomorrow { format: FORMAT + 1, name: None, mood: String::new() };
    let found = FORMAT + 1;
    assert_eq!(decode_statement(&tomorrow.encode_to_vec()), Err(RecordError::Newer { found }));
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_by_name() {
    let value = Some(Value::Flag(true));
    let presence = Some(SaidRecord { value, clock_at: None, clock_version: 0 });
    let record = StatementRecord { format: FORMAT, presence, ..StatementRecord::default() };
    assert_eq!(decode_statement(&record.encode_to_vec()), Err(RecordError::Field("presence")));
}
