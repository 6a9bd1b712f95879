//! A crash at the worst moment.

use super::installation::Installation;

#[tokio::test]
async fn a_crash_between_login_and_code_loses_nothing() {
    let installation = Installation::new().await;
    let before = installation.serve().await;
    before.api.register().await.expect(201);
    let ticket = before.api.login().await.expect(200).text("loginTicket");
    before.program.crash();

    let after = installation.serve().await;
    assert_ne!(after.api.base, before.api.base, "the second one listens elsewhere");
    let signed_in = after.api.verify(&ticket, &installation.code()).await.expect(200);
    after.api.profile(&signed_in.text("token")).await.expect(200);
}

#[tokio::test]
async fn a_token_outlives_the_process_that_issued_it() {
    let installation = Installation::new().await;
    let before = installation.serve().await;
    let token = installation.token(&before.api).await;
    before.program.crash();

    let after = installation.serve().await;
    after.api.profile(&token).await.expect(200);
}
