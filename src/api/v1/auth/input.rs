//! Reading the fields that several requests share.

use zeroize::Zeroizing;

use crate::foundation::{EmailAddress, NumberType, OpaqueToken, PhoneNumber, PhoneNumberError};
use crate::http::{FieldError, Fields};
use crate::otp::{AppHash, Channel};
use crate::passwords::{Password, PasswordProblem};
use crate::state::App;
use crate::users::Identifier;

/// `email`, which must be there.
pub(in crate::api) fn email(fields: &mut Fields) -> Option<EmailAddress> {
    fields.required("email", "email_invalid", EmailAddress::parse)
}

/// A phone number, or one of `TEST_PHONE_NUMBERS`.
fn parse_phone(app: &App, text: &str) -> Result<PhoneNumber, PhoneNumberError> {
    let test_number = app.otp.rules().test_numbers.get_key_value(text.trim());
    match test_number.and_then(|(e164, _)| PhoneNumber::from_e164(e164)) {
        Some(number) => Ok(number),
        None => PhoneNumber::parse(text, app.login.default_region.as_ref()),
    }
}

/// `password` of somebody new, by the rules for new passwords.
pub(in crate::api) fn new_password(
    app: &App,
    fields: &mut Fields,
    email: Option<&EmailAddress>,
    phone_number: Option<&PhoneNumber>,
) -> Option<Password> {
    let raw = raw_password(fields, "password")?;
    let email = email.map(EmailAddress::as_str);
    let phone = phone_number.map(PhoneNumber::e164);
    match app.password_policy.check(&raw, email, phone) {
        Ok(password) => Some(password),
        Err(problems) => {
            for error in refused_password("password", problems) {
                fields.error(error);
            }
            None
        }
    }
}

/// `phoneNumber`, which must be there and be one that codes are sent to.
pub(in crate::api::v1) fn reachable_phone(app: &App, fields: &mut Fields) -> Option<PhoneNumber> {
    reachable_phone_in(app, fields, "phoneNumber")
}

/// The same, in the field `name`.
pub(super) fn reachable_phone_in(
    app: &App,
    fields: &mut Fields,
    name: &'static str,
) -> Option<PhoneNumber> {
    let number = fields.required(name, "phone_invalid", |text| parse_phone(app, text))?;
    let is_test = app.otp.rules().test_numbers.contains_key(number.e164());
    if !is_test && number.number_type() == NumberType::Neither {
        let message = "This kind of number cannot receive codes. Use a mobile number.";
        fields.error(FieldError::new(name, "phone_type_not_supported", message));
    } else if !is_test && !app.otp.rules().allows(&number) {
        let message = "Numbers of this country are not accepted.";
        fields.error(FieldError::new(name, "phone_country_not_supported", message));
    }
    Some(number)
}

/// `channel`, which may be there.
pub(in crate::api::v1) fn channel(fields: &mut Fields) -> Option<Channel> {
    fields.optional("channel", "channel_unknown", |name| {
        Channel::parse(name).ok_or("The channel is sms or call.")
    })
}

/// `email` or `phoneNumber`: one of the two.
pub(in crate::api) fn identifier(app: &App, fields: &mut Fields) -> Option<Identifier> {
    if fields.has("email") && fields.has("phoneNumber") {
        fields.text("phoneNumber");
        fields.error(FieldError::new(
            "phoneNumber",
            "ambiguous",
            "Send either the e-mail address or the phone number, not both.",
        ));
        return email(fields).map(Identifier::Email);
    }
    if fields.has("phoneNumber") {
        let number = fields.required("phoneNumber", "phone_invalid", |text| parse_phone(app, text));
        return number.map(Identifier::PhoneNumber);
    }
    fields.text("phoneNumber");
    email(fields).map(Identifier::Email)
}

/// `appHash`, which may be there: one of `ANDROID_APP_HASHES`.
pub(in crate::api::v1) fn app_hash(app: &App, fields: &mut Fields) -> Option<AppHash> {
    fields.optional("appHash", "app_hash_unknown", |text| {
        let hash = app.otp.rules().texts.known_app_hash(text);
        hash.ok_or("The server does not know an app with this hash.")
    })
}

/// A password that is to be compared with a stored one.
pub(in crate::api::v1) fn password(fields: &mut Fields, name: &'static str) -> Option<Password> {
    let raw = raw_password(fields, name)?;
    Password::for_login(&raw)
        .inspect_err(|problem| fields.error(FieldError::new(name, problem.code(), problem)))
        .ok()
}

/// A password that is still to be checked, as it was typed.
pub(super) fn raw_password(fields: &mut Fields, name: &'static str) -> Option<Zeroizing<String>> {
    fields.required(name, "wrong_type", |text| Ok::<_, &str>(Zeroizing::new(text.to_owned())))
}

/// Every rule that a new password breaks, as faults of the field.
pub(super) fn refused_password(
    name: &'static str,
    problems: Vec<PasswordProblem>,
) -> impl Iterator<Item = FieldError> {
    problems.into_iter().map(move |problem| FieldError::new(name, problem.code(), problem))
}

/// An opaque token that may be there.
pub(super) fn opaque_token(fields: &mut Fields, name: &'static str) -> Option<OpaqueToken> {
    fields.text(name).map(OpaqueToken::received)
}
