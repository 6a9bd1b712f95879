//! What a requirement is, how it is judged, and what the judgement says.

use super::facts::Facts;

/// A published standard, or the part of it that concerns this server.
pub struct Standard {
    /// For programs; never changes.
    pub key: &'static str,
    /// For people.
    pub title: &'static str,
    /// Where its text is.
    pub source: &'static str,
    /// What its levels mean.
    pub levels: &'static str,
    /// Its requirements, chapter by chapter.
    pub chapters: &'static [&'static [Requirement]],
}

/// One requirement, in our own short words.
pub struct Requirement {
    /// Its number in the standard; unique there.
    pub id: &'static str,
    /// The lowest level that asks for it, 1 to 3.
    pub level: u8,
    /// What it asks for.
    pub words: &'static str,
    /// How it is judged.
    pub rule: Rule,
    /// The tests that prove that it holds: `path::name`. Without any it does not hold.
    pub proof: &'static [&'static str],
}

/// How a requirement is judged.
#[derive(Clone, Copy)]
pub enum Rule {
    /// It holds whatever is set; why.
    Always(&'static str),
    /// It depends on the installation.
    When {
        /// What it depends on, for the document.
        condition: &'static str,
        /// Looks at the installation.
        judge: fn(&Facts) -> Verdict,
    },
    /// It does not hold, whatever is set.
    NotYet {
        /// Why.
        why: &'static str,
        /// What can be done about it.
        mend: &'static str,
    },
    /// There is nothing here that it could be about; why.
    NotApplicable(&'static str),
}

/// What became of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; why.
    Holds(String),
    /// It does not hold.
    DoesNotHold {
        /// Why.
        why: String,
        /// What to set or to do.
        mend: String,
    },
    /// It is about something that is not here; why.
    NotApplicable(String),
}

impl Standard {
    /// Every requirement, in order.
    pub fn requirements(&self) -> impl Iterator<Item = &'static Requirement> {
        self.chapters.iter().flat_map(|chapter| chapter.iter())
    }
}

impl Requirement {
    pub(super) const fn always(
        id: &'static str,
        level: u8,
        words: &'static str,
        why: &'static str,
        proof: &'static [&'static str],
    ) -> Self {
        Self { id, level, words, rule: Rule::Always(why), proof }
    }

    pub(super) const fn when(
        id: &'static str,
        level: u8,
        words: &'static str,
        (condition, judge): (&'static str, fn(&Facts) -> Verdict),
        proof: &'static [&'static str],
    ) -> Self {
        Self { id, level, words, rule: Rule::When { condition, judge }, proof }
    }

    pub(super) const fn not_yet(
        id: &'static str,
        level: u8,
        words: &'static str,
        why: &'static str,
        mend: &'static str,
    ) -> Self {
        Self { id, level, words, rule: Rule::NotYet { why, mend }, proof: &[] }
    }

    pub(super) const fn not_applicable(
        id: &'static str,
        level: u8,
        words: &'static str,
        why: &'static str,
    ) -> Self {
        Self { id, level, words, rule: Rule::NotApplicable(why), proof: &[] }
    }

    /// Whether an installation can do anything about it.
    pub(super) fn can_be_met(&self) -> bool {
        !matches!(self.rule, Rule::NotYet { .. })
    }

    /// What the installation makes of it.
    pub(super) fn verdict(&self, facts: &Facts) -> Verdict {
        let verdict = match self.rule {
            Rule::Always(why) => Verdict::Holds(why.to_owned()),
            Rule::When { judge, .. } => judge(facts),
            Rule::NotYet { why, mend } => Verdict::does_not_hold(why, mend),
            Rule::NotApplicable(why) => Verdict::NotApplicable(why.to_owned()),
        };
        match verdict {
            Verdict::Holds(_) if self.proof.is_empty() => {
                Verdict::does_not_hold("no test proves it", "write one, and name it here")
            }
            verdict => verdict,
        }
    }
}

impl Verdict {
    /// Holds where `holds`; `why` is true either way.
    pub(super) fn of(holds: bool, why: impl Into<String>, mend: impl Into<String>) -> Self {
        if holds { Self::Holds(why.into()) } else { Self::does_not_hold(why, mend) }
    }

    pub(super) fn does_not_hold(why: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::DoesNotHold { why: why.into(), mend: mend.into() }
    }

    /// For programs; never changes.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Holds(_) => "holds",
            Self::DoesNotHold { .. } => "does_not_hold",
            Self::NotApplicable(_) => "not_applicable",
        }
    }

    pub(super) fn why(&self) -> &str {
        match self {
            Self::Holds(why) | Self::DoesNotHold { why, .. } | Self::NotApplicable(why) => why,
        }
    }

    pub(super) fn mend(&self) -> Option<&str> {
        match self {
            Self::DoesNotHold { mend, .. } => Some(mend),
            Self::Holds(_) | Self::NotApplicable(_) => None,
        }
    }
}
