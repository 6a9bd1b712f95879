//! Two replicas on one database, asked by 64 clients at the same moment: whatever is limited is
//! limited once for both, and a code gives one token.
//!
//! Seen to fail where `windows::take` does not look for room, and where `store::consume` does not look
//! whether the code has ended.

use crate::fake_sinch::Operation;
use crate::support::{Answer, Person, TestApp, Visitor, count, race, wrong};

const CLIENTS: usize = 64;
/// Of each replica: as many as it has clients, so that none waits for another's connection.
const CONNECTIONS: usize = CLIENTS / 2;
/// Limits that are not what the race is about.
const ROOM: [(&str, &str); 5] = [
    ("DB_POOL_MAX", "32"),
    ("OTP_MAX_PER_NUMBER_HOURLY", "1000"),
    ("OTP_MAX_PER_NUMBER_DAILY", "1000"),
    ("OTP_MAX_PER_ADDRESS_HOURLY", "1000"),
    ("OTP_WRONG_PER_HOUR", "1000"),
];

/// Two replicas that share a database, a clock and a carrier.
struct Pair([TestApp; 2]);

impl Pair {
    /// With a fake of Sinch, which keeps a code alive when a wrong one comes.
    async fn sinch(settings: &[(&str, &str)]) -> Self {
        let one = TestApp::sinch(&[ROOM.as_slice(), settings].concat()).await;
        one.fake().burn_on_wrong_code(false);
        Self::of(one).await
    }

    async fn of(one: TestApp) -> Self {
        let two = one.replica(&[]).await;
        let pair = Self([one, two]);
        for app in &pair.0 {
            app.warm_for(CONNECTIONS).await;
        }
        pair
    }

    fn one(&self) -> &TestApp {
        &self.0[0]
    }

    /// Has all clients ask at once, one replica and the other in turn.
    async fn race<F>(&self, ask: impl Fn(usize, Visitor) -> F) -> Vec<Answer>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let replicas = self.0.iter().cycle().take(CLIENTS);
        let racers = replicas.enumerate().map(|(place, app)| ask(place, Visitor::clone(app)));
        race(racers.collect()).await
    }

    /// Has all clients ask for a code with that login.
    async fn request(&self, ticket: &str) -> Vec<Answer> {
        let ask = |_, visitor: Visitor| {
            let ticket = ticket.to_owned();
            async move { visitor.request_otp(&ticket).await }
        };
        self.race(ask).await
    }

    /// Has all clients enter that code, each for a login of its own.
    async fn enter(&self, tickets: &[String], code: &str) -> Vec<Answer> {
        let ask = |place: usize, visitor: Visitor| {
            let (ticket, code) = (tickets[place].clone(), code.to_owned());
            async move { visitor.verify(&ticket, &code).await }
        };
        self.race(ask).await
    }

    /// As many logins as there are clients, all of which wait for the one code that was sent.
    async fn tickets(&self, person: &Person) -> Vec<String> {
        let mut tickets = vec![self.one().pending(person).await];
        while tickets.len() < CLIENTS {
            let login = self.one().login(person).await.is(200);
            tickets.push(login.text("loginTicket"));
        }
        assert_eq!(self.one().sends_to(person), 1);
        tickets
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_wait_lets_one_of_64_have_a_code() {
    let pair = Pair::sinch(&[]).await;
    let ticket = pair.one().register(&Person::ada()).await.is(201).text("loginTicket");
    let answers = pair.request(&ticket).await;
    assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
    assert_eq!(count(&answers, 429, "otp_cooldown"), CLIENTS - 1, "{answers:?}");
    assert_eq!(pair.one().fake().received(Operation::Start), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cap_of_a_number_holds_against_64() {
    let settings = [("OTP_RESEND_SECONDS", "0"), ("OTP_MAX_PER_NUMBER_HOURLY", "5")];
    let pair = Pair::sinch(&settings).await;
    let ticket = pair.one().register(&Person::ada()).await.is(201).text("loginTicket");
    let answers = pair.request(&ticket).await;
    assert_eq!(pair.one().fake().received(Operation::Start), 5, "{answers:?}");
    assert_eq!(count(&answers, 200, ""), 5, "one that was overtaken is told of the newer code");
    assert_eq!(count(&answers, 429, "otp_limit_reached"), CLIENTS - 5, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cap_of_an_address_holds_against_64_people() {
    let pair = Pair::sinch(&[("OTP_MAX_PER_ADDRESS_HOURLY", "20")]).await;
    let mut tickets = Vec::new();
    for number in 0..CLIENTS {
        let person = Person::numbered(number);
        tickets.push(pair.one().register(&person).await.is(201).text("loginTicket"));
    }
    let ask = |place: usize, visitor: Visitor| {
        let ticket = tickets[place].clone();
        async move { visitor.request_otp(&ticket).await }
    };
    let answers = pair.race(ask).await;
    assert_eq!(pair.one().fake().received(Operation::Start), 20, "{answers:?}");
    assert_eq!(count(&answers, 429, "otp_limit_reached"), CLIENTS - 20, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_budget_of_wrong_codes_holds_against_64() {
    let pair = Pair::sinch(&[("OTP_MAX_ATTEMPTS", "20"), ("OTP_WRONG_PER_HOUR", "10")]).await;
    let tickets = pair.tickets(&Person::ada()).await;
    let code = pair.one().code_for(&Person::ada());
    let answers = pair.enter(&tickets, &wrong(&code)).await;
    assert_eq!(pair.one().fake().received(Operation::Report), 10, "{answers:?}");
    assert_eq!(count(&answers, 401, "otp_invalid"), 10, "{answers:?}");
    assert_eq!(count(&answers, 429, "otp_guesses_exhausted"), CLIENTS - 10, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_guesses_of_a_code_hold_against_64() {
    let pair = Pair::sinch(&[]).await;
    let tickets = pair.tickets(&Person::ada()).await;
    let code = pair.one().code_for(&Person::ada());
    let answers = pair.enter(&tickets, &wrong(&code)).await;
    assert_eq!(pair.one().fake().received(Operation::Report), 5, "{answers:?}");
    pair.one().verify(&tickets[0], &code).await.refused(401, "otp_new_code_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_64_enter_gives_one_token() {
    let settings = [ROOM.as_slice(), &[("OTP_MAX_ATTEMPTS", "20")]].concat();
    for pair in [Pair::of(TestApp::with(&settings).await).await, Pair::sinch(&settings).await] {
        let tickets = pair.tickets(&Person::ada()).await;
        let code = pair.one().code_for(&Person::ada());
        let answers = pair.enter(&tickets, &code).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        let refused = answers.iter().filter(|answer| answer.status() == 401).count();
        assert_eq!(refused, CLIENTS - 1, "{answers:?}");
        assert_eq!(pair.one().count("SELECT count(*) FROM sessions").await, 1);
    }
}
