//! One run of Argon2: from a password, a salt and parameters to a tag, in memory that is used again.
//!
//! Owns the memory of a hashing thread. Never compares, never decides.

use argon2::password_hash::{self, phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::cost::Argon2Cost;
use super::password::Password;

/// Everything but the password that decides a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Derivation {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) cost: Argon2Cost,
    pub(super) salt: phc::Salt,
    /// In bytes.
    pub(super) tag_length: usize,
}

impl Derivation {
    /// In bytes: 256 bits, as RFC 9106 §4 recommends.
    const TAG_LENGTH: usize = 32;
    /// In bytes: 128 bits, as RFC 9106 §4 recommends.
    pub(super) const SALT_LENGTH: usize = 16;

    /// How passwords are hashed now.
    pub(super) fn current(
        cost: Argon2Cost,
        salt: [u8; Self::SALT_LENGTH],
    ) -> password_hash::Result<Self> {
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            cost,
            salt: phc::Salt::new(&salt)?,
            tag_length: Self::TAG_LENGTH,
        })
    }

    /// Whether a password hashed so should be hashed anew, now that `current` is the cost.
    pub(super) fn is_outdated(&self, current: Argon2Cost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.cost.is_below(current)
            || self.salt.len() < Self::SALT_LENGTH
            || self.tag_length < Self::TAG_LENGTH
    }

    /// Computes the tag: tens of milliseconds and megabytes.
    pub(super) fn run(
        &self,
        password: &Password,
        memory: &mut Memory,
    ) -> password_hash::Result<phc::Output> {
        let params = Params::new(
            self.cost.memory_kib(),
            self.cost.iterations(),
            self.cost.parallelism(),
            Some(self.tag_length),
        )?;
        let blocks = memory.lend(params.block_count())?;
        let mut tag = [0; phc::Output::MAX_LENGTH];
        let tag = tag.get_mut(..self.tag_length).ok_or(password_hash::Error::OutputSize)?;
        let outcome = Argon2::new(self.algorithm, self.version, params)
            .hash_password_into_with_memory(
                password.expose().as_bytes(),
                &self.salt,
                &mut *tag,
                blocks,
            );
        memory.trim();
        outcome?;
        Ok(phc::Output::new(tag)?)
    }
}

/// The blocks of one thread. Taken on first use and kept: fetching 19 MiB of zeroed pages from the system each time
/// was measured to make a hash 6 % slower.
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// How many blocks stay when a hash that needed more is done.
    kept: usize,
}

impl Memory {
    /// Nothing yet; later `cost.memory_kib()` blocks of a KiB.
    pub(super) fn for_cost(cost: Argon2Cost) -> Self {
        Self { blocks: Vec::new(), kept: usize::try_from(cost.memory_kib()).unwrap_or(usize::MAX) }
    }

    /// At least `count` blocks, holding whatever the last hash left there: Argon2 writes each before it reads it.
    fn lend(&mut self, count: usize) -> password_hash::Result<&mut [Block]> {
        let wanted = count.max(self.kept);
        if self.blocks.len() < wanted {
            // Given back first, so that the two never exist side by side.
            self.blocks = Vec::new();
            self.blocks.try_reserve_exact(wanted).map_err(|_| password_hash::Error::OutOfMemory)?;
            self.blocks.resize(wanted, Block::new());
        }
        Ok(&mut self.blocks)
    }

    /// Gives back what only an exceptional hash needed.
    fn trim(&mut self) {
        if self.blocks.len() > self.kept {
            self.blocks.truncate(self.kept);
            self.blocks.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivation(memory_kib: u32) -> Derivation {
        let cost = Argon2Cost::new(memory_kib, 1, 1).unwrap();
        Derivation::current(cost, [7; 16]).unwrap()
    }

    #[test]
    fn memory_is_taken_once_grown_for_a_greater_hash_and_given_back() {
        let password = Password::for_login("a password").unwrap();
        let mut memory = Memory::for_cost(Argon2Cost::new(64, 1, 1).unwrap());
        assert_eq!(memory.blocks.capacity(), 0, "nothing before the first use");

        derivation(8).run(&password, &mut memory).unwrap();
        let address = memory.blocks.as_ptr();
        for memory_kib in [64, 8, 64] {
            derivation(memory_kib).run(&password, &mut memory).unwrap();
            assert_eq!((memory.blocks.as_ptr(), memory.blocks.len()), (address, 64));
        }

        derivation(256).run(&password, &mut memory).unwrap();
        assert_eq!((memory.blocks.len(), memory.blocks.capacity()), (64, 64));
    }

    #[test]
    fn what_a_former_hash_left_in_memory_changes_nothing() {
        let password = Password::for_login("a password").unwrap();
        let cost = Argon2Cost::new(64, 1, 1).unwrap();
        let fresh = derivation(64).run(&password, &mut Memory::for_cost(cost)).unwrap();

        let mut used = Memory::for_cost(cost);
        for memory_kib in [256, 32, 64] {
            derivation(memory_kib).run(&password, &mut used).unwrap();
        }
        assert_eq!(derivation(64).run(&password, &mut used).unwrap(), fresh);
    }

    #[test]
    fn more_memory_than_there_is_is_an_error_not_an_abort() {
        let mut memory = Memory::for_cost(Argon2Cost::default());
        let refused = memory.lend(usize::MAX / 1024).err();
        assert_eq!(refused, Some(password_hash::Error::OutOfMemory));
    }
}
