//! How what holds off attacks, and what tells of them, is judged: guard, challenges, metrics, audit log.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::guard::Mode;
use crate::proofs::Judge;

use super::facts::Facts;
use super::requirement::Verdict;
use super::surroundings::by_contents;

/// A server seals within seconds, and looks for what came late once an hour.
const SEALED_WITHIN: TimeDelta = TimeDelta::hours(2);

type Judgement = (&'static str, fn(&Facts) -> Verdict);

/// Against texts that are asked for to be paid for.
pub(super) const GUARD: Judgement = ("`GUARD=on`", |facts| {
    let why = match facts.settings.guard.mode {
        Mode::On => "GUARD=on",
        Mode::Record => "GUARD=record: what it would refuse is sent and paid for",
        Mode::Off => "GUARD=off: nobody looks at what of the texts is entered",
    };
    Verdict::of(facts.settings.guard.mode == Mode::On, why, "set GUARD=on")
});

/// Whose word lets people through.
pub(super) const CHALLENGE_JUDGE: Judgement =
    ("`CHALLENGE=pow`, or the `*_BASE_URL` of the captcha is https", |facts| {
        let Some(captcha) = &facts.settings.proofs.captcha else {
            return Verdict::Holds("CHALLENGE=pow: proofs of work are judged here".to_owned());
        };
        let name = match captcha.judge {
            Judge::Turnstile => "TURNSTILE_BASE_URL",
            Judge::Hcaptcha => "HCAPTCHA_BASE_URL",
        };
        let why = format!("{name} is {}", captcha.base_url);
        let mend = format!("unset {name}: its default is the judge himself");
        Verdict::of(captcha.base_url.scheme() == "https", why, mend)
    });

/// Who can read the metrics: they ask nobody who they are.
pub(super) const METRICS_ADDRESS: Judgement =
    ("`METRICS_ADDR` is not set, or an address of this machine or of a private network", |facts| {
        let Some(address) = facts.settings.telemetry.metrics_address else {
            return Verdict::Holds("METRICS_ADDR is not set: nothing listens".to_owned());
        };
        let why = format!("METRICS_ADDR={address}");
        let mend = "name the one private address in METRICS_ADDR that Prometheus reaches";
        Verdict::of(is_private(address.ip()), why, mend)
    });

/// Whether only a network of the operator's can reach it. All addresses of a machine (`0.0.0.0`, `::`)
/// can be public ones, too.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(it) => it.is_loopback() || it.is_private() || it.is_link_local(),
        IpAddr::V6(it) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
    }
}

/// What happened stays written down.
pub(super) const AUDIT_RIGHTS: Judgement =
    ("the role of `DATABASE_URL` may neither change nor delete rows of the audit log", |facts| {
        by_contents(facts, |contents| {
            let Some(table) = contents.audit.changeable.first() else {
                return Verdict::Holds("it may add to it, and nothing else".to_owned());
            };
            Verdict::does_not_hold(
                format!("it has UPDATE or DELETE on {table}; only triggers refuse that"),
                "serve as another role than the owner, and run ringfence migrate run as the owner",
            )
        })
    });

/// Months are dropped whole only where they have partitions of their own.
pub(super) const AUDIT_MONTHS: Judgement = ("`audit_events` has the next month", |facts| {
    by_contents(facts, |contents| {
        let holds = contents.audit.has_next_month;
        let why = if holds {
            "the partition of the next month is there"
        } else {
            "the next month has no partition: its events could be dropped with others only"
        };
        Verdict::of(holds, why, "ringfence audit partitions, as the owner of the schema")
    })
});

/// What is not sealed can be changed unseen.
pub(super) const AUDIT_SEALS: Judgement = ("no event waits longer than 2 hours", |facts| {
    by_contents(facts, |contents| {
        let Some(since) = contents.audit.unsealed_since else {
            return Verdict::Holds("every event of the last day is sealed".to_owned());
        };
        let waits = contents.read_at - since;
        let why = format!("an event has waited {} minutes for its seal", waits.num_minutes());
        let mend = "see that a server runs, and what its log says of sealing";
        Verdict::of(waits <= SEALED_WITHIN, why, mend)
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_may_reach_is_not_private() {
        for (address, is_one) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("192.168.0.9", true),
            ("::1", true),
            ("fd00::5", true),
            ("::ffff:10.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("203.0.113.9", false),
            ("2001:db8::1", false),
            ("::ffff:203.0.113.9", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), is_one, "{address}");
        }
    }
}
