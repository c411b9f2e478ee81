//! Which real name is nearest to one that there is not: a known belief, else likeness of words.
//!
//! Likeness is counted over words, not letters: `agent:states:read` is near `agentState` for the words they share,
//! and `/users/presence` near `/users/{userId}/presences`, while letters would prefer whatever is as long.

use super::beliefs::BeliefKind;
use super::paths::{Segment, segments};
use super::{Catalogue, Endpoint, NEAREST_MAX, Nearest};

/// Less likeness than this is chance.
const LIKENESS_MIN: f64 = 0.34;

/// How many words of a name are looked at.
const WORDS_MAX: usize = 16;

impl Catalogue {
    /// Real scopes near this one.
    #[must_use]
    pub fn nearest_scopes(&self, name: &str) -> Nearest {
        if let Some(known) = self.known(BeliefKind::Scope, name) {
            return known;
        }
        let (domain, action) = name.rsplit_once(':').unwrap_or((name, ""));
        let reads = matches!(action, "read" | "readonly" | "view" | "get" | "list");
        let domains = self.scopes.iter().copied().filter(|scope| !scope.ends_with(":readonly"));
        let mut names = best(domain, domains.clone(), |scope| scope);
        if names.is_empty() {
            // Some put the action first: `admin:user`.
            names = best(action, domains, |scope| scope);
        }
        let form = |domain: &str| self.scope(&format!("{domain}:readonly")).filter(|_| reads);
        let names = names.into_iter().map(|domain| form(domain).unwrap_or(domain).to_owned());
        Nearest { names: names.collect(), why: None }
    }

    /// Real permissions near this one.
    #[must_use]
    pub fn nearest_permissions(&self, name: &str) -> Nearest {
        if let Some(known) = self.known(BeliefKind::Permission, name) {
            return known;
        }
        let (thing, action) = name.rsplit_once(':').unwrap_or((name, ""));
        let action = match action {
            "read" | "get" | "list" | "readonly" => "view",
            "write" | "update" => "edit",
            other => other,
        };
        let wanted = format!("{thing}:{action}");
        by_likeness(best(&wanted, self.permissions.iter().copied(), |name| name))
    }

    /// Real endpoints near this one, as `GET /api/v2/users`. The method matters only between equals.
    #[must_use]
    pub fn nearest_endpoints(&self, method: Option<&str>, path: &str) -> Nearest {
        if let Some(known) = self.known(BeliefKind::Endpoint, path) {
            return known;
        }
        let wanted = resources(path);
        let mut names: Vec<(&Endpoint, bool)> =
            best(&wanted, self.endpoints.iter(), |endpoint| endpoint.path)
                .into_iter()
                .map(|endpoint| (endpoint, method.is_none_or(|method| endpoint.method == method)))
                .collect();
        names.sort_by_key(|(_, same)| !same);
        let names = names.into_iter().map(|(endpoint, _)| endpoint.to_string());
        Nearest { names: names.collect(), why: None }
    }

    /// Real topics near this one.
    #[must_use]
    pub fn nearest_topics(&self, name: &str) -> Nearest {
        by_likeness(best(name, self.topics.values().flatten().copied(), |name| name))
    }

    /// Real methods of the SDKs near this one, spelt as the given name is.
    #[must_use]
    pub fn nearest_operations(&self, name: &str) -> Nearest {
        if let Some(known) = self.known(BeliefKind::Call, name) {
            return known;
        }
        let found = best(name, self.endpoints.iter(), |endpoint| endpoint.operation);
        let spelt =
            |operation: &str| if name.contains('_') { snake(operation) } else { operation.to_owned() };
        Nearest { names: found.into_iter().map(|endpoint| spelt(endpoint.operation)).collect(), why: None }
    }

    /// Real classes of the SDKs near this one.
    #[must_use]
    pub fn nearest_classes(&self, name: &str) -> Nearest {
        let known = self.known(BeliefKind::Call, name);
        known.unwrap_or_else(|| by_likeness(best(name, self.classes.values().copied(), |name| name)))
    }

    /// Those of some names that are near this one; all of them, if they are few and none is.
    #[must_use]
    pub fn nearest_among<'a>(&self, name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Nearest {
        let near = best(name, names.clone(), |name| name);
        if near.is_empty() { by_likeness(names.take(NEAREST_MAX * 2).collect()) } else { by_likeness(near) }
    }

    /// What is offered for a belief.
    #[must_use]
    pub fn known(&self, kind: BeliefKind, name: &str) -> Option<Nearest> {
        let belief = self.belief(kind, name)?;
        let names = belief.nearest.iter().map(|name| (*name).to_owned()).collect();
        Some(Nearest { names, why: Some(belief.why) })
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

fn by_likeness(names: Vec<&str>) -> Nearest {
    Nearest { names: names.into_iter().map(str::to_owned).collect(), why: None }
}

/// What a path speaks of: its texts without those that all have and those that are ids.
fn resources(path: &str) -> String {
    let texts = segments(path).into_iter().filter_map(|segment| match segment {
        Segment::Text(text) if !text.bytes().any(|b| b.is_ascii_digit()) => Some(text),
        Segment::Text(_) | Segment::Placeholder(_) => None,
    });
    texts.collect::<Vec<_>>().join("/")
}

/// The best few of the candidates by the likeness of their names. The first of equals stays first.
fn best<T>(wanted: &str, candidates: impl Iterator<Item = T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let wanted: Vec<&str> = words(wanted).collect();
    let mut best: Vec<(f64, T)> = Vec::new();
    for candidate in candidates {
        let likeness = likeness(&wanted, name(&candidate));
        if likeness >= LIKENESS_MIN {
            let place = best.partition_point(|(other, _)| *other >= likeness);
            if place < NEAREST_MAX {
                best.insert(place, (likeness, candidate));
                best.truncate(NEAREST_MAX);
            }
        }
    }
    best.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Dice's coefficient over words: 1 when each has its like, 0 when none has. Names that differ only in where words end
/// (`routing_status`, `routingstatus`) are as good as the same.
fn likeness(wanted: &[&str], candidate: &str) -> f64 {
    if same_letters(wanted, candidate) {
        return 1.0;
    }
    let (mut shared, mut all) = (0.0, wanted.len());
    for word in words(candidate) {
        all += 1;
        shared += wanted.iter().map(|other| alike(word, other)).fold(0.0, f64::max);
    }
    if all == 0 { 0.0 } else { 2.0 * shared / f64::from(u32::try_from(all).unwrap_or(u32::MAX)) }
}

/// Whether the letters of the words, one after another, are the same, plurals aside.
fn same_letters(wanted: &[&str], candidate: &str) -> bool {
    let of = |word: &&str| word.trim_end_matches(['e', 's', 'S']).len();
    let letters = |word: &str| word.bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>();
    let wanted = wanted.iter().flat_map(|word| letters(&word[..of(word)]));
    wanted.eq(words(candidate).flat_map(|word| letters(&word[..of(&word)])))
}

/// 1 for the same word, singular or plural; less for one that is misspelt; 0 for another.
fn alike(one: &str, other: &str) -> f64 {
    const MISSPELT: f64 = 0.6;
    let stem = |word: &str| word.len() - usize::from(word.len() > 3 && word.ends_with(['s', 'S']));
    let (one, other) = (&one[..stem(one)], &other[..stem(other)]);
    if one.eq_ignore_ascii_case(other) {
        return 1.0;
    }
    let apart = one.len().abs_diff(other.len());
    if apart > 2 || one.len().min(other.len()) < 4 {
        return 0.0;
    }
    let distance = strsim::damerau_levenshtein(&one.to_ascii_lowercase(), &other.to_ascii_lowercase());
    if distance <= 2 { MISSPELT } else { 0.0 }
}

/// The words of a name: `analytics:agentState:view` is `analytics`, `agent`, `State`, `view`. What says only that it
/// is a path, a topic or a placeholder is no word.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    let next = move || loop {
        let start = rest.find(|c: char| c.is_ascii_alphanumeric())?;
        let placeholder = rest[..start].ends_with('{');
        rest = &rest[start..];
        let turn = |(at, c): (usize, char)| {
            let joins = rest.as_bytes().get(at.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
            !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && joins)
        };
        let end = rest.char_indices().find(|found| turn(*found)).map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at(end);
        rest = if placeholder { after.split_once('}').map_or("", |(_, after)| after) } else { after };
        if !placeholder && !matches!(word, "api" | "v2" | "v1" | "Api") {
            return Some(word);
        }
    };
    std::iter::from_fn(next).take(WORDS_MAX)
}

/// `getUsersQuery` as `get_users_query`.
fn snake(name: &str) -> String {
    words(name).map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}
