//! Which mode a request is treated in: one that stands, and some that are used up first.

use std::array;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A plan for each of `N` operations, named by their numbers.
pub(crate) struct Plans<M, const N: usize>([Mutex<Plan<M>>; N]);

struct Plan<M> {
    standing: M,
    /// Used up first, one a request.
    next: VecDeque<(M, u32)>,
}

impl<M: Clone + Default, const N: usize> Default for Plans<M, N> {
    fn default() -> Self {
        Self(array::from_fn(|_| Mutex::new(Plan { standing: M::default(), next: VecDeque::new() })))
    }
}

impl<M: Clone + Default, const N: usize> Plans<M, N> {
    /// From now on; forgets what was planned for the next requests.
    pub(crate) fn set(&self, operation: usize, mode: M) {
        *self.of(operation) = Plan { standing: mode, next: VecDeque::new() };
    }

    /// For `times` requests, after those already planned.
    pub(crate) fn once(&self, operation: usize, mode: M, times: u32) {
        if times > 0 {
            self.of(operation).next.push_back((mode, times));
        }
    }

    /// The mode of the request that is here now.
    pub(crate) fn take(&self, operation: usize) -> M {
        let mut plan = self.of(operation);
        let Some((mode, times)) = plan.next.front_mut() else { return plan.standing.clone() };
        let mode = mode.clone();
        *times -= 1;
        if *times == 0 {
            plan.next.pop_front();
        }
        mode
    }

    fn of(&self, operation: usize) -> MutexGuard<'_, Plan<M>> {
        self.0[operation].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
