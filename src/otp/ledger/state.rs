//! What can become of a message: the one state machine that every row of the ledger goes through.

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::otp) enum State {
    /// Written down; nothing is known of an answer yet.
    Queued,
    /// The carrier took it.
    Sent,
    /// The carrier says that it arrived.
    Delivered,
    /// It was not sent, or did not arrive.
    Failed,
    /// Nobody can tell: the carrier's answer got lost, or we did.
    Unknown,
}

impl State {
    pub(super) const ALL: [Self; 5] =
        [Self::Queued, Self::Sent, Self::Delivered, Self::Failed, Self::Unknown];

    /// As the database has it.
    pub(in crate::otp) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a message may go from here to `next`. A carrier's report may be faster than its
    /// answer, and may clear up what was unknown; what has arrived or failed stays so.
    pub(super) const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => !matches!(next, Self::Queued),
            Self::Sent => matches!(next, Self::Delivered | Self::Failed),
            Self::Unknown => matches!(next, Self::Sent | Self::Delivered | Self::Failed),
            Self::Delivered | Self::Failed => false,
        }
    }

    /// The states from which a message may come here.
    pub(super) fn predecessors(self) -> Vec<String> {
        let before = Self::ALL.into_iter().filter(|state| state.may_become(self));
        before.map(|state| state.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_ever_comes_back_to_the_queue() {
        assert!(State::Queued.predecessors().is_empty());
    }

    #[test]
    fn what_has_ended_stays_ended() {
        for end in [State::Delivered, State::Failed] {
            assert!(State::ALL.into_iter().all(|next| !end.may_become(next)), "{end:?}");
        }
    }

    proptest! {
        #[test]
        fn no_row_of_news_goes_in_a_circle(
            news in prop::collection::vec(prop::sample::select(State::ALL.to_vec()), 0..40)
        ) {
            let (mut state, mut seen) = (State::Queued, vec![State::Queued]);
            for next in news {
                if state.may_become(next) {
                    prop_assert!(!seen.contains(&next), "{seen:?}, then {next:?}");
                    state = next;
                    seen.push(next);
                }
            }
        }
    }
}
