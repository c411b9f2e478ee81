//! Presence definitions: what an organisation calls its presences, per division and per language. They are no part
//! of what an agent's presence *is*: statements name a definition by its id alone, so labels never take part in a
//! merge. A row is shown with the label that the newest reading of the definitions gives to that id.
//!
//! (The platform's description of `GET /api/v2/presence/definitions`, model `OrganizationPresenceDefinition`.)

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::{DivisionId, SystemPresence};
use crate::time::Timestamp;

/// One presence that an organisation's agents can pick.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// Its name, which the platform keeps beside the labels.
    pub name: Option<Arc<str>>,
    /// `System` (ships with every organisation) or `User` (the organisation's own), as it came.
    pub kind: Option<Arc<str>>,
    /// What agents read, by locale (`en_US`).
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// The platform's kind of presence behind it.
    pub system: Option<SystemPresence>,
    /// The one division that sees it; `None`: every division.
    pub division_id: Option<DivisionId>,
    /// No longer offered, though agents may still be in it.
    pub deactivated: bool,
}

/// One complete reading of the definitions that the client may see. A later reading replaces it whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definitions {
    /// When its first request was sent, by our clock.
    pub read_at: Timestamp,
    /// The locale in which labels are shown, where there is a label in it.
    pub locale: Arc<str>,
    /// Every definition by its id. Two divisions may each have a "Coffee": the id tells them apart.
    pub by_id: BTreeMap<Arc<str>, Definition>,
}

/// Tried, in order, where there is no label in the locale asked for or in its language.
const FALLBACKS: [&str; 2] = ["en_US", "en"];

impl Definition {
    /// The label to show: in the locale, in its language, in American English, in English, in whichever locale
    /// comes first by name; then the definition's name.
    pub fn label(&self, locale: &str) -> Option<&Arc<str>> {
        let language = locale.split(['_', '-']).next().unwrap_or(locale);
        let wanted = [locale, language].into_iter().chain(FALLBACKS);
        let labelled = |wanted: &str| {
            let mut labels = self.labels.iter().filter(|(_, label)| !label.is_empty());
            labels.find(|(locale, _)| same_locale(locale, wanted)).map(|(_, label)| label)
        };
        wanted
            .into_iter()
            .find_map(labelled)
            .or_else(|| self.labels.values().find(|label| !label.is_empty()))
            .or_else(|| self.name.as_ref().filter(|name| !name.is_empty()))
    }
}

impl Definitions {
    /// The label to show for a definition; `None` for one that is not in this reading: it was deleted, or belongs
    /// to a division that the client does not see. The system presence is then all there is to show.
    pub fn label(&self, id: &str) -> Option<&Arc<str>> {
        self.by_id.get(id)?.label(&self.locale)
    }
}

/// Locales are written `en_US` and `en-us`.
fn same_locale(left: &str, right: &str) -> bool {
    let each = |text: &str| -> String { text.replace('-', "_").to_ascii_lowercase() };
    each(left) == each(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(labels: &[(&str, &str)], name: &str) -> Definition {
        let labels = labels.iter().map(|(locale, label)| (Arc::from(*locale), Arc::from(*label))).collect();
        Definition { labels, name: Some(name.into()), ..Definition::default() }
    }

    #[test]
    fn the_label_is_the_locale_s_then_the_language_s_then_english_then_any_in_a_stable_order() {
        let table = [
            (&[("de_DE", "Pause"), ("en_US", "Break")][..], "de_DE", Some("Pause")),
            (&[("de-de", "Pause"), ("en_US", "Break")], "de_DE", Some("Pause")),
            (&[("de", "Pause"), ("en_US", "Break")], "de_CH", Some("Pause")),
            (&[("de_DE", "Pause"), ("en_US", "Break")], "fr", Some("Break")),
            (&[("de_DE", "Pause"), ("en", "Break")], "fr", Some("Break")),
            (&[("it", "Pausa"), ("es", "Descanso")], "fr", Some("Descanso")),
            (&[("fr", ""), ("en_US", ""), ("it", "Pausa")], "fr", Some("Pausa")),
            (&[], "fr", Some("Coffee")),
        ];
        for (labels, locale, expected) in table {
            let definition = labelled(labels, "Coffee");
            assert_eq!(definition.label(locale).map(|label| &**label), expected, "{labels:?} in {locale}");
        }
        assert_eq!(labelled(&[], "").label("fr"), None);
    }

    #[test]
    fn two_divisions_definitions_of_one_kind_are_told_apart_by_id() {
        let of = |division: &str, label| Definition {
            division_id: Some(division.into()),
            system: Some(SystemPresence::Break),
            ..labelled(&[("en_US", label)], label)
        };
        let by_id = BTreeMap::from([("d1".into(), of("Berlin", "Kaffee")), ("d2".into(), of("Cork", "Tea"))]);
        let definitions = Definitions { read_at: Timestamp::from_millis(1), locale: "en_US".into(), by_id };
        let label = |id| definitions.label(id).map(ToString::to_string);
        assert_eq!((label("d1"), label("d2")), (Some("Kaffee".into()), Some("Tea".into())));
        assert_eq!(label("d3"), None);
    }
}
