//! The rulings about a statement, as text: `presence=applied routing_status=older`. For whoever opens the file with
//! `sqlite3` to read as it stands.

use onduty_core::agent::Facet;
use onduty_core::roster::Rulings;
use onduty_core::roster::ruling::Ruling;

use super::RecordError;

/// Rulings as text; `None` if no facet was said.
pub fn encode_rulings(rulings: &Rulings) -> Option<String> {
    let each: Vec<String> =
        rulings.iter().map(|(facet, ruling)| format!("{}={}", facet.name(), ruling.name())).collect();
    (!each.is_empty()).then(|| each.join(" "))
}

/// Rulings from text.
///
/// # Errors
///
/// It names a facet or a ruling that there is none of.
pub fn decode_rulings(text: &str) -> Result<Rulings, RecordError> {
    let each = text.split(' ').map(|each| {
        let (facet, ruling) = each.split_once('=')?;
        Some((Facet::named(facet)?, Ruling::named(ruling)?))
    });
    let rulings: Option<Vec<_>> = each.collect();
    rulings.map(Rulings::restore).ok_or(RecordError::Field("rulings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rulings_are_told_in_words_and_survive_them() {
        let some = Rulings::restore([(Facet::Login, Ruling::Duplicate), (Facet::Presence, Ruling::Older)]);
        let text = encode_rulings(&some).unwrap();
        assert_eq!(text, "presence=older logged_in=duplicate");
        assert_eq!(decode_rulings(&text), Ok(some));
        for ruling in Ruling::ALL {
            for facet in Facet::ALL {
                let one = Rulings::restore([(facet, ruling)]);
                assert_eq!(encode_rulings(&one).map(|text| decode_rulings(&text)), Some(Ok(one)));
            }
        }
        assert_eq!(encode_rulings(&Rulings::default()), None);
    }

    #[test]
    fn what_no_version_ever_wrote_is_refused() {
        for text in ["", "presence", "presence=maybe", "mood=applied", "presence=older  logged_in=older"] {
            assert_eq!(decode_rulings(text), Err(RecordError::Field("rulings")), "{text}");
        }
    }
}
