//! The closed list of what is written down. A new kind of event is a new row of the table below, and a
//! row of `docs/audit.md`; `tests/api/audit` asks that each is seen to happen.

use serde::Serialize;

use crate::foundation::{SessionId, UserId};

/// Whether what was wanted came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did.
    Success,
    /// It was refused.
    Failure,
}

impl Outcome {
    /// As it stands in `audit_events.outcome`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $variant:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty),* })?
            = $name:literal, $outcome:ident;
    )*) => {
        /// Something that concerns security. What it holds is its `detail`: names out of this program,
        /// ids and counts; nothing that a person has typed.
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $(
                $(#[$doc])*
                #[serde(rename_all = "camelCase")]
                $variant { $($($(#[$field_doc])* $field: $type),*)? },
            )*
        }

        impl Event {
            /// The names of all of them.
            pub const NAMES: &[&str] = &[$($name),*];

            /// As it stands in `audit_events.event`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)*
                }
            }

            /// Whether what was wanted came about.
            pub fn outcome(&self) -> Outcome {
                match self {
                    $(Self::$variant { .. } => Outcome::$outcome,)*
                }
            }
        }
    };
}

events! {
    /// Somebody has signed up.
    Registered = "registered", Success;
    /// Somebody wanted to sign up with what another account has.
    RegistrationRefused {
        /// `email_taken` or `phone_taken`.
        reason: &'static str
    } = "registration_refused", Failure;
    /// A session has begun.
    LoginSucceeded {
        /// Which.
        session: SessionId,
        /// By what: the claim `amr`.
        methods: Vec<&'static str>
    } = "login_succeeded", Success;
    /// No session has begun.
    LoginFailed {
        /// `invalid_credentials`, `password_change_required` or `account_locked`.
        reason: &'static str
    } = "login_failed", Failure;
    /// A code was handed to a carrier.
    CodeSent {
        /// For what: `login`, `password_reset` or `phone_change`.
        purpose: &'static str,
        /// `sms` or `call`.
        channel: &'static str
    } = "code_sent", Success;
    /// No code was sent.
    CodeRefused {
        /// For what.
        purpose: &'static str,
        /// Why.
        reason: &'static str
    } = "code_refused", Failure;
    /// The right code was entered.
    CodeRight {
        /// For what.
        purpose: &'static str
    } = "code_right", Success;
    /// A code was entered that is not right, or that could not be judged.
    CodeWrong {
        /// For what.
        purpose: &'static str,
        /// `wrong`, `over`, `no_code`, `exhausted`, `no_login` or `not_judged`.
        reason: &'static str
    } = "code_wrong", Failure;
    /// The number was proven for the first time.
    PhoneVerified = "phone_verified", Success;
    /// The number was changed.
    PhoneChanged {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "phone_changed", Success;
    /// Somebody else has proven the number: it is theirs after a while.
    PhoneClaimed {
        /// Who.
        claimant: UserId
    } = "phone_claimed", Success;
    /// The number has gone to somebody else.
    PhoneReleased {
        /// To whom.
        claimant: UserId
    } = "phone_released", Success;
    /// A change of the number was undone by the link in the e-mail.
    PhoneChangeUndone {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "phone_change_undone", Success;
    /// The password was changed by who knew the present one.
    PasswordChanged {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "password_changed", Success;
    /// The bearer of a token did not know the password.
    PasswordWrong = "password_wrong", Failure;
    /// Somebody asked for a new password. Without a user: nobody's.
    PasswordResetRequested = "password_reset_requested", Success;
    /// A new password was set without the present one: by a code, an administrator or an operator.
    PasswordReset {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "password_reset", Success;
    /// An authenticator app gives the codes from now on.
    TotpEnabled = "totp_enabled", Success;
    /// … and none does any more.
    TotpDisabled = "totp_disabled", Success;
    /// A refresh token came again that was used up: its session has ended.
    RefreshReused {
        /// Which.
        session: SessionId
    } = "refresh_reused", Failure;
    /// Sessions were ended.
    SessionsEnded {
        /// `logout` or `revoked`.
        reason: &'static str,
        /// How many.
        sessions_ended: usize
    } = "sessions_ended", Success;
    /// Another e-mail address is wanted.
    EmailChangeRequested = "email_change_requested", Success;
    /// The e-mail address is another.
    EmailChanged = "email_changed", Success;
    /// The e-mail address is proven.
    EmailVerified = "email_verified", Success;
    /// A person has taken a copy of all that is stored of them.
    ProfileExported = "profile_exported", Success;
    /// A person wants to leave.
    DeletionRequested {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "deletion_requested", Success;
    /// … and has thought again.
    DeletionCancelled = "deletion_cancelled", Success;
    /// A person who wanted to leave is erased.
    AccountErased = "account_erased", Success;
    /// An account was deleted by an administrator or an operator.
    AccountDeleted {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "account_deleted", Success;
    /// An account was locked.
    AccountLocked {
        /// How many sessions ended by it.
        sessions_ended: usize
    } = "account_locked", Success;
    /// An account was unlocked.
    AccountUnlocked = "account_unlocked", Success;
    /// An account has other roles.
    RolesChanged {
        /// All that it has now.
        roles: Vec<String>
    } = "roles_changed", Success;
    /// An account was made by an administrator or an operator.
    UserCreated = "user_created", Success;
    /// Accounts were brought over from another system.
    UsersImported {
        /// How many.
        users: usize
    } = "users_imported", Success;
    /// An administrator looked at people.
    UsersRead {
        /// `list`, `show` or `sessions`.
        act: &'static str
    } = "users_read", Success;
    /// A key that will sign tokens was made.
    KeysRotated {
        /// Its `kid`.
        key_id: String
    } = "keys_rotated", Success;
    /// Every key was withdrawn, and a new one made.
    KeysWithdrawn {
        /// The `kid` of the new one.
        key_id: String,
        /// How many were.
        withdrawn: u64
    } = "keys_withdrawn", Success;
    /// A budget for messages is nearly spent.
    BudgetWarned {
        /// Which: `day`, `month` or a country's.
        scope: String
    } = "budget_warned", Failure;
    /// A budget for messages is spent.
    BudgetExhausted {
        /// Which.
        scope: String
    } = "budget_exhausted", Failure;
    /// A service that asks about tokens did not say who it is.
    IntrospectionRefused {
        /// How often since it was last written down.
        times: u64
    } = "introspection_refused", Failure;
    /// The admin API refused somebody who has a valid token.
    AdminRefused {
        /// `admin_required` or `step_up_required`.
        reason: &'static str
    } = "admin_refused", Failure;
    /// Months of this log were dropped.
    AuditPruned {
        /// Those before this one.
        before: String
    } = "audit_pruned", Success;
}
