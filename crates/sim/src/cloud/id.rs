//! Ids of the platform: 128 bits, written like a UUID.
//!
//! They are derived from the seed, so that one seed names the same people in every run.

use std::fmt;

use super::chance::Chance;

/// An id of anything: organisation, division, user, agent, queue, event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// The id of the `index`-th thing of this `kind` under a seed. Shaped as a version 4 UUID.
    pub fn derive(seed: u64, kind: &str, index: u64) -> Self {
        let kind_hash = kind.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut chance = Chance::new(seed ^ kind_hash).fork(index);
        let bits = (u128::from(chance.draw()) << 64) | u128::from(chance.draw());
        let version = bits & !(0xf_u128 << 76) | (0x4_u128 << 76);
        Self(version & !(0x3_u128 << 62) | (0x2_u128 << 62))
    }

    /// A number that differs from id to id, to derive further ids from.
    pub fn low_bits(self) -> u64 {
        self.0 as u64
    }

    /// Reads the 8-4-4-4-12 form, in any letter case. Everything else is no id of this platform.
    pub fn parse(text: &str) -> Option<Self> {
        let groups = [8, 4, 4, 4, 12];
        let mut bits = 0_u128;
        let mut parts = text.split('-');
        for length in groups {
            let part = parts.next()?;
            if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            bits = (bits << (4 * length)) | u128::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(bits))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself_and_has_the_shape_of_a_version_4_uuid() {
        for index in 0..100 {
            let text = Id::derive(7, "user", index).to_string();
            assert_eq!(Id::parse(&text).map(|id| id.to_string()), Some(text.clone()));
            assert_eq!(&text[14..15], "4");
            assert!("89ab".contains(&text[19..20]), "{text}");
        }
    }

    #[test]
    fn one_seed_names_the_same_and_another_names_others() {
        assert_eq!(Id::derive(7, "user", 3), Id::derive(7, "user", 3));
        assert_ne!(Id::derive(7, "user", 3), Id::derive(8, "user", 3));
        assert_ne!(Id::derive(7, "user", 3), Id::derive(7, "agent", 3));
    }

    #[test]
    fn what_has_not_the_form_of_an_id_is_none() {
        let refused = [
            "",
            "12345",
            "ada@acme.example",
            "4a2f0f6e0d0b4b3e9b0e6f2f5a0c1d11",
            "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11-",
            "+a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11",
        ];
        for text in refused {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
