//! Whoever owns an account learns of a change, and can take it back.

use super::{ROOM, ask, change, confirm, moved, number_of, undo};
use crate::fake_smtp::FakeSmtp;
use crate::support::{Person, TestApp};

const WAITING: &str = "SELECT count(*) FROM email_outbox WHERE template = 'phone_changed'";

#[tokio::test]
async fn the_link_in_the_e_mail_about_a_change_undoes_it() {
    let smtp = FakeSmtp::start().await;
    let url = smtp.url();
    let ours = [("SMTP_URL", url.as_str()), ("EMAIL_FROM", "auth@example.com")];
    let app = TestApp::with(&[ROOM.as_slice(), &ours].concat()).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = app.verified(&ada).await;
    app.register(&bob).await.is(201);
    ask(&app, &token, &moved(&ada, &bob)).await.is(202);
    confirm(&app, &token, &app.code_for(&bob)).await.refused(409, "phone_taken");
    assert_eq!(app.count(WAITING).await, 0, "nothing is told of what did not happen");

    change(&app, &token, &moved(&ada, &Person::numbered(1))).await;
    assert_eq!(app.count(WAITING).await, 1);
    let state = &app.application.state;
    assert_eq!(state.emails.post_due(&state.database).await.unwrap(), 3, "two were of signing up");
    let mails = smtp.mails();
    let mut told =
        mails.iter().filter(|it| it.header("Subject") == "Your phone number was changed");
    let mail = told.next().unwrap();
    assert_eq!(mail.to, std::slice::from_ref(&ada.email));
    let text = mail.part("text/plain");
    assert!(text.contains("+1•••••••3001") && text.contains("2026-03-07"), "{text}");
    let (page, link) = text.split_once("/account/undo#").unwrap();
    assert!(page.ends_with(&app.issuer), "{text}");
    undo(&app, link.lines().next().unwrap()).await.is(200);
    assert_eq!(number_of(&app, &ada).await, ada.phone);
}
