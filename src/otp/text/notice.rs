//! What the old number is told of a change, in each language: without a code, and without a link, so that
//! nobody learns to follow links in texts. The way back is in the e-mail.
//!
//! All of it is GSM-7, so some words are not the most usual ones.

use crate::foundation::Language;

/// In the order of [`Language::ALL`].
const WORDS: [(Language, &str); Language::ALL.len()] = [
    (
        Language::English,
        "This number is no longer that of your account. If this was not you, follow the e-mail about \
         it or contact us at once.",
    ),
    (
        Language::German,
        "Diese Nummer gehört nicht mehr zu Ihrem Konto. Waren Sie das nicht? Folgen Sie der E-Mail \
         dazu oder melden Sie sich sofort bei uns.",
    ),
    (
        Language::French,
        "Ce numéro n'est plus celui de votre compte. Si ce n'est pas vous, suivez l'e-mail à ce sujet \
         ou contactez-nous sans tarder.",
    ),
    (
        Language::Spanish,
        "Este teléfono ya no es el de tu cuenta. Si no lo has cambiado, sigue el e-mail sobre el \
         cambio o contacta enseguida con nosotros.",
    ),
    (
        Language::Portuguese,
        "O telefone da sua conta foi trocado. Se quem trocou foi outra pessoa, siga o e-mail sobre a \
         troca ou fale logo conosco.",
    ),
    (
        Language::Italian,
        "Questo numero non è più quello del tuo account. Se non sei stato tu, segui l'e-mail sul \
         cambio o contattaci subito.",
    ),
    (
        Language::Dutch,
        "Dit nummer hoort niet meer bij je account. Was jij dit niet? Volg de e-mail hierover of neem \
         meteen contact op.",
    ),
    (
        Language::Swedish,
        "Det här numret hör inte längre till ditt konto. Var det inte du? Följ mejlet om bytet eller \
         kontakta oss genast.",
    ),
    (
        Language::Danish,
        "Dette nummer hører ikke længere til din konto. Var det ikke dig? Følg e-mailen om skiftet, \
         eller kontakt os straks.",
    ),
    (
        Language::Norwegian,
        "Dette nummeret hører ikke lenger til kontoen din. Var det ikke deg? Følg e-posten om byttet, \
         eller kontakt oss straks.",
    ),
    (
        Language::Finnish,
        "Tämä numero ei enää kuulu tiliisi. Jos et vaihtanut sitä itse, toimi sähköpostin ohjeen \
         mukaan tai ota heti yhteyttä.",
    ),
    (
        Language::Polish,
        "Numer telefonu Twojego konta zmieniono na inny. To nie Ty? Zobacz e-mail o tej zmianie lub \
         od razu napisz do nas.",
    ),
    (
        Language::Turkish,
        "Bu telefon hesaptan silindi. Sizden gelmeyen bir istek ise e-postadaki yolu izleyin veya \
         hemen bize bildirin.",
    ),
];

/// The words in `language`.
pub(super) fn words(language: Language) -> &'static str {
    WORDS[language as usize].1
}

#[cfg(test)]
mod tests {
    use super::super::gsm7;
    use super::*;

    #[test]
    fn every_language_stands_at_its_place_with_one_message_of_its_own() {
        for (at, (language, words)) in WORDS.into_iter().enumerate() {
            assert_eq!(language as usize, at);
            assert_eq!(gsm7::segments(words), Ok(1), "{language:?}");
            assert!(!words.contains("://") && !words.contains(|it: char| it.is_ascii_digit()));
            let others = WORDS.iter().filter(|(_, other)| *other == words);
            assert_eq!(others.count(), 1, "{language:?}");
        }
    }
}
