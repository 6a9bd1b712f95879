//! The carriers in the order in which they are asked: `VERIFICATION_PROVIDER` and
//! `PROVIDER_ROUTES`.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use crate::foundation::{Country, PhoneNumber};

use super::breaker::{Breaker, BreakerState, Shown};
use super::providers::failure::{FailureKind, ProviderFailure};
use super::{Channel, Provider};

/// A carrier and its breaker.
#[derive(Debug)]
pub struct Carrier {
    provider: Provider,
    breaker: Breaker,
}

/// All carriers, with the rules on who is asked first.
#[derive(Debug)]
pub struct Carriers {
    /// In the order of `VERIFICATION_PROVIDER`; at least one.
    all: Vec<Arc<Carrier>>,
    routes: Vec<Route>,
}

/// Numbers that a certain carrier is asked for first: an entry of `PROVIDER_ROUTES`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which numbers.
    pub destination: Destination,
    /// The carrier's name in `VERIFICATION_PROVIDER`.
    pub provider: String,
}

/// A set of phone numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Those of a country.
    Country(Country),
    /// Those that begin so: `+` and digits.
    Prefix(String),
}

impl FromStr for Destination {
    type Err = ();

    /// `IN`, or `+1`.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.strip_prefix('+') {
            Some(digits) => {
                let well_formed = (1..=15).contains(&digits.len())
                    && digits.bytes().all(|digit| digit.is_ascii_digit())
                    && !digits.starts_with('0');
                well_formed.then(|| Self::Prefix(text.to_owned())).ok_or(())
            }
            None => text.parse().map(Self::Country),
        }
    }
}

impl Destination {
    /// How closely it describes the number: `None` where it does not have it, otherwise more is
    /// closer. Any prefix is closer than a country.
    fn closeness(&self, number: &PhoneNumber) -> Option<usize> {
        match self {
            Self::Country(country) => (number.country() == Some(country)).then_some(0),
            Self::Prefix(prefix) => number.e164().starts_with(prefix).then_some(prefix.len()),
        }
    }
}

impl Carriers {
    /// `providers` in the order in which they are asked; at least one. A route to somebody else
    /// changes nothing.
    pub fn new(providers: Vec<Provider>, routes: Vec<Route>) -> Self {
        let carrier = |provider| Arc::new(Carrier { provider, breaker: Breaker::default() });
        Self { all: providers.into_iter().map(carrier).collect(), routes }
    }

    /// All of them, as `VERIFICATION_PROVIDER` has them.
    pub fn all(&self) -> &[Arc<Carrier>] {
        &self.all
    }

    /// The carrier of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<Carrier>> {
        self.all.iter().find(|carrier| carrier.name() == name)
    }

    /// Those who can reach the number, in the order in which they are asked: the one of the closest
    /// route, then the others.
    pub(super) fn in_order(&self, number: &PhoneNumber, channel: Channel) -> Vec<Arc<Carrier>> {
        let routes = self.routes.iter();
        let closest = routes
            .filter_map(|route| Some((route.destination.closeness(number)?, route)))
            .max_by_key(|(closeness, _)| *closeness);
        let first = closest.and_then(|(_, route)| self.find(&route.provider));
        let others = self
            .all
            .iter()
            .filter(|carrier| first.is_none_or(|first| !Arc::ptr_eq(first, carrier)));
        first
            .into_iter()
            .chain(others)
            .filter(|carrier| carrier.provider.carries(channel))
            .cloned()
            .collect()
    }
}

impl Carrier {
    /// Its name in `VERIFICATION_PROVIDER` and in the database.
    pub fn name(&self) -> &'static str {
        self.provider.name()
    }

    /// Whether it is asked at present.
    pub fn breaker_state(&self) -> BreakerState {
        self.breaker.state()
    }

    /// The provider behind it.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// See [`Breaker::admits`].
    pub(super) fn admits(&self, now: DateTime<Utc>) -> bool {
        self.breaker.admits(now)
    }

    /// See [`Breaker::give_back`].
    pub(super) fn give_back(&self, now: DateTime<Utc>) {
        self.breaker.give_back(now);
    }

    /// See [`Breaker::admits_at`].
    pub(super) fn admits_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.breaker.admits_at(now)
    }

    /// Notes what handing a code over has shown of it.
    pub(super) fn note(&self, failure: Option<&ProviderFailure>, now: DateTime<Utc>) {
        let shown = failure.map_or(Shown::Works, |failure| shown_by(failure.kind()));
        let provider = self.name();
        match self.breaker.note(shown, now) {
            Some(BreakerState::Open) => {
                warn!(provider, "the carrier is out of order: its circuit breaker has opened");
            }
            Some(state) => info!(provider, breaker = state.as_str(), "the carrier works again"),
            None => {}
        }
    }
}

/// A carrier that judges a number or a destination does its work.
fn shown_by(kind: FailureKind) -> Shown {
    match kind {
        FailureKind::InvalidNumber
        | FailureKind::Velocity
        | FailureKind::Refused(_)
        | FailureKind::Conflict => Shown::Works,
        FailureKind::Configuration
        | FailureKind::Billing
        | FailureKind::Capacity
        | FailureKind::Unavailable
        | FailureKind::Malformed
        | FailureKind::NotSent
        | FailureKind::OutcomeUnknown => Shown::Fails,
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::otp::providers::delivery::{Accepted, Message, MessageSender};

    /// A carrier that is only ever looked at.
    #[derive(Debug)]
    struct Named(&'static str, &'static [Channel]);

    #[async_trait]
    impl MessageSender for Named {
        fn name(&self) -> &'static str {
            self.0
        }

        fn carries(&self, channel: Channel) -> bool {
            self.1.contains(&channel)
        }

        async fn probe(&self, _: DateTime<Utc>) -> Result<(), ProviderFailure> {
            Ok(())
        }

        async fn send(
            &self,
            _: DateTime<Utc>,
            _: &Message<'_>,
        ) -> Result<Accepted, ProviderFailure> {
            Err(ProviderFailure::new(self.0, FailureKind::NotSent))
        }
    }

    fn carriers(routes: &[(&str, &str)]) -> Carriers {
        let provider = |name, channels| Provider::Delivery(Arc::new(Named(name, channels)));
        let (both, texts) = (&[Channel::Sms, Channel::Call][..], &[Channel::Sms][..]);
        let route = |&(to, name): &(&str, &str)| Route {
            destination: to.parse().unwrap(),
            provider: name.to_owned(),
        };
        let providers = vec![provider("a", texts), provider("b", both), provider("c", both)];
        Carriers::new(providers, routes.iter().map(route).collect())
    }

    fn order(carriers: &Carriers, number: &str, channel: Channel) -> String {
        let number = PhoneNumber::from_e164(number).unwrap();
        carriers.in_order(&number, channel).iter().map(|carrier| carrier.name()).collect()
    }

    #[test]
    fn carriers_are_asked_in_their_order_and_only_for_what_they_carry() {
        let carriers = carriers(&[]);
        assert_eq!(order(&carriers, "+14155552671", Channel::Sms), "abc");
        assert_eq!(order(&carriers, "+14155552671", Channel::Call), "bc");
    }

    #[test]
    fn the_closest_route_goes_first_and_the_others_stand_by() {
        let carriers =
            carriers(&[("US", "c"), ("+1", "b"), ("+1415", "c"), ("IN", "b"), ("SE", "a")]);
        assert_eq!(order(&carriers, "+14155552671", Channel::Sms), "cab");
        assert_eq!(
            order(&carriers, "+12015550123", Channel::Sms),
            "bac",
            "a prefix beats a country"
        );
        assert_eq!(order(&carriers, "+919876543210", Channel::Sms), "bac");
        assert_eq!(order(&carriers, "+46701234567", Channel::Call), "bc", "a does not call");
        assert_eq!(order(&carriers, "+4915112345678", Channel::Sms), "abc");
    }

    #[test]
    fn destinations_are_countries_and_prefixes() {
        for text in ["IN", "in", "+1", "+4670", "+123456789012345"] {
            assert!(text.parse::<Destination>().is_ok(), "{text}");
        }
        for text in ["", "+", "XX", "+01", "1", "+1a", "+1234567890123456", "IND"] {
            assert!(text.parse::<Destination>().is_err(), "{text}");
        }
    }
}
