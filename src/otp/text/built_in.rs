//! The texts that are there from the start: for each language one for each occasion.
//!
//! The code comes first, so that it can be read in a notification. All of it is GSM-7, so some words
//! are not the most usual ones: Spanish has "clave" because of the accent of the usual word, Polish
//! and Turkish keep to words that need none of their own letters.

use crate::foundation::Language;

use super::{Occasion, Template};

/// What follows the code, in the order of [`Occasion::ALL`].
const WORDS: [(Language, [&str; Occasion::ALL.len()]); Language::ALL.len()] = [
    (
        Language::English,
        [
            " is your code to sign up. Never share it.",
            " is your code to log in. Never share it.",
            " is your code to reset your password. Never share it.",
            " is your code to confirm this number. Never share it.",
        ],
    ),
    (
        Language::German,
        [
            " ist Ihr Code zur Registrierung. Geben Sie ihn nie weiter.",
            " ist Ihr Code zur Anmeldung. Geben Sie ihn nie weiter.",
            " ist Ihr Code für ein neues Passwort. Geben Sie ihn nie weiter.",
            " ist Ihr Code für diese Nummer. Geben Sie ihn nie weiter.",
        ],
    ),
    (
        Language::French,
        [
            " est votre code d'inscription. Ne le partagez jamais.",
            " est votre code de connexion. Ne le partagez jamais.",
            " est votre code de nouveau mot de passe. Ne le partagez jamais.",
            " est votre code pour valider ce numéro. Ne le partagez jamais.",
        ],
    ),
    (
        Language::Spanish,
        [
            " es tu clave para crear la cuenta. No la compartas.",
            " es tu clave para entrar. No la compartas.",
            " es tu clave para cambiar la contraseña. No la compartas.",
            " es tu clave para confirmar este teléfono. No la compartas.",
        ],
    ),
    (
        Language::Portuguese,
        [
            " é o seu PIN para criar a conta. Nunca o revele.",
            " é o seu PIN para entrar na conta. Nunca o revele.",
            " é o seu PIN para trocar a senha. Nunca o revele.",
            " é o seu PIN para confirmar este telefone. Nunca o revele.",
        ],
    ),
    (
        Language::Italian,
        [
            " è il tuo codice per registrarti. Non condividerlo mai.",
            " è il tuo codice per accedere. Non condividerlo mai.",
            " è il tuo codice per cambiare password. Non condividerlo mai.",
            " è il tuo codice per confermare il numero. Non condividerlo mai.",
        ],
    ),
    (
        Language::Dutch,
        [
            " is je code om je te registreren. Deel hem met niemand.",
            " is je code om in te loggen. Deel hem met niemand.",
            " is je code voor een nieuw wachtwoord. Deel hem met niemand.",
            " is je code om dit nummer te bevestigen. Deel hem met niemand.",
        ],
    ),
    (
        Language::Swedish,
        [
            " är din kod för att registrera dig. Dela den aldrig.",
            " är din kod för att logga in. Dela den aldrig.",
            " är din kod för ett nytt lösenord. Dela den aldrig.",
            " är din kod för att bekräfta numret. Dela den aldrig.",
        ],
    ),
    (
        Language::Danish,
        [
            " er din kode til at oprette en konto. Del den aldrig.",
            " er din kode til at logge ind. Del den aldrig.",
            " er din kode til en ny adgangskode. Del den aldrig.",
            " er din kode til at bekræfte nummeret. Del den aldrig.",
        ],
    ),
    (
        Language::Norwegian,
        [
            " er koden din for å registrere deg. Del den aldri.",
            " er koden din for å logge inn. Del den aldri.",
            " er koden din for et nytt passord. Del den aldri.",
            " er koden din for å bekrefte nummeret. Del den aldri.",
        ],
    ),
    (
        Language::Finnish,
        [
            " on koodisi rekisteröitymiseen. Älä jaa sitä kenellekään.",
            " on koodisi kirjautumiseen. Älä jaa sitä kenellekään.",
            " on koodisi salasanan vaihtoon. Älä jaa sitä kenellekään.",
            " on koodisi numeron vahvistukseen. Älä jaa sitä kenellekään.",
        ],
    ),
    (
        Language::Polish,
        [
            " to kod rejestracji. Nikomu go nie podawaj.",
            " to kod logowania. Nikomu go nie podawaj.",
            " to kod zmiany danych logowania. Nikomu go nie podawaj.",
            " to kod potwierdzenia tego numeru. Nikomu go nie podawaj.",
        ],
    ),
    (
        Language::Turkish,
        [
            " üyelik kodunuz. Kimseye vermeyin.",
            " oturum kodunuz. Kimseye vermeyin.",
            " yeni parola kodunuz. Kimseye vermeyin.",
            " telefon onay kodunuz. Kimseye vermeyin.",
        ],
    ),
];

/// All of them, by language and occasion.
pub(super) fn templates() -> [[Template; Occasion::ALL.len()]; Language::ALL.len()] {
    WORDS.map(|(_, words)| words.map(Template::after_code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_stands_at_its_place() {
        for (at, (language, words)) in WORDS.into_iter().enumerate() {
            assert_eq!(language as usize, at);
            let templates = &templates()[at];
            for (template, words) in templates.iter().zip(words) {
                assert_eq!(Template::parse(&format!("{{code}}{words}")).as_ref(), Ok(template));
            }
        }
    }

    #[test]
    fn no_two_occasions_have_the_same_words() {
        for (language, words) in WORDS {
            let mut sorted = words;
            sorted.sort_unstable();
            assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "{language:?}");
        }
    }
}
