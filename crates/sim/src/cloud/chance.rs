//! Seeded chance.
//!
//! The generator is SplitMix64, written out: library generators may change their sequence between releases, and
//! one seed has to give one history for good.

/// A source of repeatable numbers.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent sequence, so that one use of chance does not shift another.
    pub fn fork(&self, label: u64) -> Self {
        let mut mixed = Self { state: self.state ^ label.wrapping_mul(0xd6e8_feb8_6659_fd93) };
        Self { state: mixed.draw() }
    }

    /// The next number, over the whole range.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64 }
    }

    /// An index in `0..length`; 0 when the length is 0.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A fraction in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// One of the choices, each as likely as its weight says.
    pub fn weighted<'a, T>(&mut self, choices: &'a [(u32, T)]) -> Option<&'a T> {
        let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut drawn = self.below(total);
        choices.iter().find_map(|(weight, choice)| {
            if drawn < u64::from(*weight) {
                return Some(choice);
            }
            drawn -= u64::from(*weight);
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_a_seed_is_fixed_for_good() {
        let mut chance = Chance::new(1);
        let drawn = [chance.draw(), chance.draw(), chance.draw()];
        assert_eq!(
            drawn,
            [10_451_216_379_200_822_465, 13_757_245_211_066_428_519, 17_911_839_290_282_890_590]
        );
    }

    #[test]
    fn a_choice_without_weight_is_never_drawn() {
        let mut chance = Chance::new(3);
        for _ in 0..1000 {
            assert_eq!(chance.weighted(&[(0, 'a'), (3, 'b'), (0, 'c')]), Some(&'b'));
        }
        assert_eq!(chance.weighted::<char>(&[]), None);
    }
}
