//! Every kind of problem that a client can meet: its stable code, its status, its words.
//!
//! `docs/errors.md` and the OpenAPI document are made from [`Kind::ALL`].

use axum::http::StatusCode;

/// What went wrong, as far as a client is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is described in the table below")]
pub enum Kind {
    JsonInvalid,
    FormInvalid,
    ValidationFailed,
    ChannelNotSupported,
    CountryNotSupported,
    PhoneUnreachable,
    EmailTokenInvalid,
    InvalidCredentials,
    OtpInvalid,
    OtpNewCodeRequired,
    LoginTicketInvalid,
    LoginRequired,
    ResetTicketInvalid,
    UndoTokenInvalid,
    TokenMissing,
    TokenInvalid,
    RefreshInvalid,
    ClientInvalid,
    StepUpRequired,
    OriginNotAllowed,
    PhoneVerificationRequired,
    PasswordWrong,
    AdminRequired,
    NotFound,
    UserNotFound,
    MethodNotAllowed,
    RequestTimeout,
    EmailTaken,
    PhoneTaken,
    LastAdmin,
    BodyTooLarge,
    ContentTypeNotSupported,
    AccountLocked,
    RateLimited,
    OtpCooldown,
    OtpLimitReached,
    OtpGuessesExhausted,
    OtpRefused,
    EmailLimitReached,
    InternalError,
    ProviderFailed,
    ProviderUnavailable,
    SmsBudgetExhausted,
    HashingBusy,
    DatabaseUnavailable,
    OtpDeliveryUnknown,
}

/// A kind, spelt out.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The stable name that programs branch on.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The same for every occurrence (RFC 9457, 3.1.3).
    pub title: &'static str,
    /// When it happens and what to do about it.
    pub description: &'static str,
}

impl Kind {
    /// Every kind, by status.
    pub const ALL: [Self; 46] = [
        Self::JsonInvalid,
        Self::FormInvalid,
        Self::ValidationFailed,
        Self::ChannelNotSupported,
        Self::CountryNotSupported,
        Self::PhoneUnreachable,
        Self::EmailTokenInvalid,
        Self::InvalidCredentials,
        Self::OtpInvalid,
        Self::OtpNewCodeRequired,
        Self::LoginTicketInvalid,
        Self::LoginRequired,
        Self::ResetTicketInvalid,
        Self::UndoTokenInvalid,
        Self::TokenMissing,
        Self::TokenInvalid,
        Self::RefreshInvalid,
        Self::ClientInvalid,
        Self::StepUpRequired,
        Self::OriginNotAllowed,
        Self::PhoneVerificationRequired,
        Self::PasswordWrong,
        Self::AdminRequired,
        Self::NotFound,
        Self::UserNotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::EmailTaken,
        Self::PhoneTaken,
        Self::LastAdmin,
        Self::BodyTooLarge,
        Self::ContentTypeNotSupported,
        Self::AccountLocked,
        Self::RateLimited,
        Self::OtpCooldown,
        Self::OtpLimitReached,
        Self::OtpGuessesExhausted,
        Self::OtpRefused,
        Self::EmailLimitReached,
        Self::InternalError,
        Self::ProviderFailed,
        Self::ProviderUnavailable,
        Self::SmsBudgetExhausted,
        Self::HashingBusy,
        Self::DatabaseUnavailable,
        Self::OtpDeliveryUnknown,
    ];

    /// The table.
    #[rustfmt::skip]
    pub const fn entry(self) -> Entry {
        let (status, code, title, description) = match self {
            Self::JsonInvalid => (400, "json_invalid", "The body is not valid JSON.", "Send one JSON object in UTF-8."),
            Self::FormInvalid => (400, "form_invalid", "The form is not right.", "Send `application/x-www-form-urlencoded` with `token`, and nothing twice."),
            Self::ValidationFailed => (400, "validation_failed", "Some fields are not right.", "`errors` names every field at fault, what is wrong with it, and a code for each."),
            Self::ChannelNotSupported => (400, "channel_not_supported", "The number cannot receive a code this way.", "Texts do not reach fixed lines, and not every carrier places calls: try the other `channel`. Premium-rate and similar numbers receive none."),
            Self::CountryNotSupported => (400, "country_not_supported", "No codes are sent to this country.", "The operator has not allowed the number's country."),
            Self::PhoneUnreachable => (400, "phone_unreachable", "The carrier refused the number.", "Check that the number is right."),
            Self::EmailTokenInvalid => (400, "email_token_invalid", "The link has expired or was used.", "A link is good for one use within 24 hours, and only the newest one. Ask for another with `POST /api/v1/profile/email`."),
            Self::InvalidCredentials => (401, "invalid_credentials", "Invalid e-mail or password.", "The same for an unknown user and for a wrong password."),
            Self::OtpInvalid => (401, "otp_invalid", "Invalid or expired code.", "Try again; `attemptsLeft` and `codeExpiresAt` say how often and how long, where a `loginTicket` was sent. Without one, request a new code if it goes on."),
            Self::OtpNewCodeRequired => (401, "otp_new_code_required", "Invalid or expired code.", "This code takes no more guesses. Request a new one. Told only where a `loginTicket` was sent."),
            Self::LoginTicketInvalid => (401, "login_ticket_invalid", "The login has expired.", "A `loginTicket` is good for one login within 10 minutes. Log in again."),
            Self::LoginRequired => (401, "login_required", "Log in first.", "A code is sent only after the password was given, from the same address or with the `loginTicket`."),
            Self::ResetTicketInvalid => (401, "reset_ticket_invalid", "The password reset has expired.", "A `resetTicket` is good for one new password within 10 minutes, and for none once the password has changed. Ask for another."),
            Self::UndoTokenInvalid => (401, "undo_token_invalid", "The change cannot be undone.", "An `undoToken` is good once, for 72 hours after the change, and not after an earlier change has been undone."),
            Self::TokenMissing => (401, "token_missing", "An access token is required.", "Send `Authorization: Bearer` and the token."),
            Self::TokenInvalid => (401, "token_invalid", "The access token is not valid.", "It is malformed, not ours, has expired, or its session has ended. Refresh it, or log in again."),
            Self::RefreshInvalid => (401, "refresh_invalid", "The refresh token is not valid.", "It is not ours, was used up, or its session has ended or run out. Log in again."),
            Self::ClientInvalid => (401, "client_invalid", "Unknown client.", "Send the id and the secret of one of `INTROSPECTION_CLIENTS` by HTTP Basic."),
            Self::StepUpRequired => (401, "step_up_required", "A fresh login with a code is required.", "What was asked for needs a token of a login with a code, at most 15 minutes ago; refreshing the token does not help. Log in again. The challenge is that of RFC 9470."),
            Self::OriginNotAllowed => (403, "origin_not_allowed", "This page may not use the cookie.", "The refresh token in the cookie counts only for pages of `BASE_URL` and `FRONTEND_URL`, as `Origin` or `Sec-Fetch-Site` tells."),
            Self::PhoneVerificationRequired => (403, "phone_verification_required", "Phone verification required.", "The phone number has not been verified yet."),
            Self::PasswordWrong => (403, "password_wrong", "The password is not right.", "The token is good; what was asked for needs the present password, too. The same where the password has just been changed."),
            Self::AdminRequired => (403, "admin_required", "Only for administrators.", "The user has not, or no longer, the role `admin`, or is locked. Read fresh from the database, whatever the token says."),
            Self::NotFound => (404, "not_found", "Nothing is here.", "No route has this path."),
            Self::UserNotFound => (404, "user_not_found", "User not found.", "From the admin API; from others only with `USER_ENUMERATION=reveal`."),
            Self::MethodNotAllowed => (405, "method_not_allowed", "The method is not allowed here.", "`Allow` lists those that are."),
            Self::RequestTimeout => (408, "request_timeout", "The request took too long.", "The body did not arrive, or the answer was not ready, in time."),
            Self::EmailTaken => (409, "email_taken", "The e-mail address is already registered.", "Log in, or use another address."),
            Self::PhoneTaken => (409, "phone_taken", "The phone number is already registered.", "Log in, or use another number. A number that was given up for another stays its owner's for 72 hours."),
            Self::LastAdmin => (409, "last_admin", "The last administrator stays.", "Nobody else could use the admin API then. Give somebody else the role `admin` first."),
            Self::BodyTooLarge => (413, "body_too_large", "The body is too large.", "A body has at most 16 KiB."),
            Self::ContentTypeNotSupported => (415, "content_type_not_supported", "The content type is not supported.", "Send `Content-Type: application/json`."),
            Self::AccountLocked => (423, "account_locked", "The account is locked.", "The operator has locked it; only they can unlock it. Told only after the right password or code."),
            Self::RateLimited => (429, "rate_limited", "Too many requests.", "`limit` and `scope` say which limit; wait `retryAfter` seconds."),
            Self::OtpCooldown => (429, "otp_cooldown", "A code has just been sent.", "Wait `retryAfter` seconds before requesting another."),
            Self::OtpLimitReached => (429, "otp_limit_reached", "Too many codes were sent.", "`scope` says whether to this number or from this address; wait `retryAfter` seconds."),
            Self::OtpGuessesExhausted => (429, "otp_guesses_exhausted", "Too many wrong codes.", "The count belongs to the user and the number, not to the code: a new code does not help. Wait `retryAfter` seconds; each further round of wrong codes doubles the wait, up to a day."),
            Self::OtpRefused => (429, "otp_refused", "No code can be sent to this number now.", "The carrier's fraud control refused it. Try later or use another number."),
            Self::EmailLimitReached => (429, "email_limit_reached", "Too many e-mails were sent.", "Five addresses can be tried in 24 hours. Wait `retryAfter` seconds."),
            Self::InternalError => (500, "internal_error", "Something went wrong here.", "It has been logged under `requestId`."),
            Self::ProviderFailed => (502, "provider_failed", "The carrier did not answer properly.", "Try again in a while."),
            Self::ProviderUnavailable => (503, "provider_unavailable", "No code can be sent or checked now.", "Try again in a while."),
            Self::SmsBudgetExhausted => (503, "sms_budget_exhausted", "No more codes can be sent for now.", "The operator's budget for texts and calls is spent. `scope` says whether for the `day`, the `month` or, today, the number's `country`: a number of another country can then help. Logins that need no code go on. Wait `retryAfter` seconds."),
            Self::HashingBusy => (503, "hashing_busy", "Too many logins at once.", "Wait `retryAfter` seconds."),
            Self::DatabaseUnavailable => (503, "database_unavailable", "The service is not available now.", "Wait `retryAfter` seconds."),
            Self::OtpDeliveryUnknown => (504, "otp_delivery_unknown", "The carrier did not answer in time.", "A code that arrives all the same will not work. Wait, then request another."),
        };
        let Ok(status) = StatusCode::from_u16(status) else { unreachable!() };
        Entry { code, status, title, description }
    }
}
