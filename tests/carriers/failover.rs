//! Over from one carrier to another: every kind of trouble, between any two of them.

use serde_json::{Value, json};
use sqlx::Row as _;

use crate::fake_infobip::{self, FakeInfobip};
use crate::fake_plivo::{self, FakePlivo};
use crate::fake_sinch::{self, FakeSinch};
use crate::served::{NUMBER, Served};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Sinch,
    Infobip,
    Plivo,
}

use Carrier::{Infobip, Plivo, Sinch};

const CARRIERS: [Carrier; 3] = [Sinch, Infobip, Plivo];

/// What the first carrier does with a code.
struct Trouble {
    name: &'static str,
    /// How each fake is told, in the order of [`CARRIERS`].
    modes: [&'static str; 3],
    /// Whether the next carrier is asked.
    goes_over: bool,
    /// What the ledger has of the first message.
    state: &'static str,
    /// What the user is told where nobody else is asked.
    code: &'static str,
}

const NOT_A_NUMBER: &str = r#"reply:400:{"error":"46701234567 is not a valid phone number"}"#;

const TROUBLES: &[Trouble] = &[
    Trouble {
        name: "unavailable",
        modes: ["error:500:50000", "error:500:GENERAL_ERROR", "reply:500:{}"],
        goes_over: true,
        state: "unknown",
        code: "",
    },
    Trouble {
        name: "a gateway's page",
        modes: ["html:502", "html:502", "html:502"],
        goes_over: true,
        state: "unknown",
        code: "",
    },
    Trouble {
        name: "capacity",
        modes: ["error:429:42900", "json:402:{}", "reply:429:{}"],
        goes_over: true,
        state: "failed",
        code: "",
    },
    Trouble {
        name: "credentials",
        modes: ["error:401:40102", "error:401:UNAUTHORIZED", "reply:401:{}"],
        goes_over: true,
        state: "failed",
        code: "",
    },
    Trouble {
        name: "no credit",
        modes: ["error:402:40200", "error:402:E402", "reply:402:{}"],
        goes_over: true,
        state: "failed",
        code: "",
    },
    Trouble {
        name: "refused",
        modes: [
            "status:DENIED:Fraud",
            r#"json:200:{"smsStatus":"SIGNALS_BLOCKED"}"#,
            "reply:403:{}",
        ],
        goes_over: false,
        state: "failed",
        code: "otp_refused",
    },
    Trouble {
        name: "opted out or too much to one number",
        modes: [
            "error:429:42901",
            "error:429:TOO_MANY_REQUESTS",
            r#"reply:400:{"error":"the number has opted out"}"#,
        ],
        goes_over: false,
        state: "failed",
        code: "otp_refused",
    },
    Trouble {
        name: "not a number",
        modes: [
            "error:400:40001",
            r#"json:400:{"errorCode":"E400","violations":[{"property":"to","violation":"x"}]}"#,
            NOT_A_NUMBER,
        ],
        goes_over: false,
        state: "failed",
        code: "phone_unreachable",
    },
    Trouble {
        name: "no answer",
        modes: ["close", "close", "close"],
        goes_over: false,
        state: "unknown",
        code: "otp_delivery_unknown",
    },
    Trouble {
        name: "an answer that means nothing",
        modes: ["html:200", "html:200", "html:200"],
        goes_over: false,
        state: "unknown",
        code: "provider_failed",
    },
];

/// All carriers, each a fake.
struct Fakes {
    sinch: FakeSinch,
    infobip: FakeInfobip,
    plivo: FakePlivo,
}

impl Fakes {
    async fn start() -> Self {
        Self {
            sinch: FakeSinch::start(fake_sinch::FakeConfig::default()).await.unwrap(),
            infobip: FakeInfobip::start(fake_infobip::FakeConfig::default()).await.unwrap(),
            plivo: FakePlivo::start(fake_plivo::FakeConfig::default()).await.unwrap(),
        }
    }

    /// The settings of all of them, asked in the order `names`.
    fn settings(&self, names: &str) -> Vec<(&'static str, String)> {
        let sinch = fake_sinch::FakeConfig::default();
        let infobip = fake_infobip::FakeConfig::default();
        let plivo = fake_plivo::FakeConfig::default();
        vec![
            ("VERIFICATION_PROVIDER", names.to_owned()),
            ("SINCH_BASE_URL", self.sinch.base_url().to_owned()),
            ("SINCH_APP_KEY", sinch.app_key),
            ("SINCH_APP_SECRET", sinch.app_secret),
            ("INFOBIP_BASE_URL", self.infobip.base_url().to_owned()),
            ("INFOBIP_API_KEY", infobip.api_key),
            ("INFOBIP_2FA_APP_ID", infobip.application_id),
            ("INFOBIP_2FA_MSG_ID", infobip.message_id),
            ("PLIVO_BASE_URL", self.plivo.base_url().to_owned()),
            ("PLIVO_AUTH_ID", plivo.auth_id),
            ("PLIVO_AUTH_TOKEN", plivo.auth_token),
            ("PLIVO_PHONE_NUMBER", format!("+{}", plivo.phone_number)),
        ]
    }

    fn trouble(&self, carrier: Carrier, trouble: &Trouble) {
        let [sinch, infobip, plivo] = trouble.modes;
        match carrier {
            Sinch => self.sinch.set_mode(fake_sinch::Operation::Start, sinch.parse().unwrap()),
            Infobip => {
                let start = fake_infobip::Operation::Start;
                self.infobip.set_mode(start, infobip.parse().unwrap());
            }
            Plivo => self.plivo.set_mode(plivo.parse().unwrap()),
        }
    }

    fn heal(&self, carrier: Carrier) {
        match carrier {
            Sinch => {
                self.sinch.set_mode(fake_sinch::Operation::Start, fake_sinch::Mode::Normal);
            }
            Infobip => {
                let start = fake_infobip::Operation::Start;
                self.infobip.set_mode(start, fake_infobip::Mode::Normal);
            }
            Plivo => self.plivo.set_mode(fake_plivo::Mode::Normal),
        }
    }

    /// How often the carrier was asked to send.
    fn asked(&self, carrier: Carrier) -> u64 {
        match carrier {
            Sinch => self.sinch.received(fake_sinch::Operation::Start),
            Infobip => self.infobip.received(fake_infobip::Operation::Start),
            Plivo => self.plivo.received(),
        }
    }

    fn code_from(&self, carrier: Carrier) -> String {
        match carrier {
            Sinch => self.sinch.code_for(NUMBER).unwrap(),
            Infobip => self.infobip.code_for(NUMBER).unwrap(),
            Plivo => self.plivo.messages().last().unwrap().text[..6].to_owned(),
        }
    }
}

impl Carrier {
    fn name(self) -> &'static str {
        match self {
            Sinch => "sinch",
            Infobip => "infobip",
            Plivo => "plivo",
        }
    }
}

async fn serve(fakes: &Fakes, order: &str, more: &[(&'static str, &str)]) -> Served {
    let mut settings = fakes.settings(order);
    for (name, value) in more {
        settings.retain(|(set, _)| set != name);
        settings.push((name, (*value).to_owned()));
    }
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Served::with(&settings).await
}

/// Provider, state and whether its code was entered, oldest first.
async fn ledger(served: &Served) -> Vec<(String, String, bool)> {
    let query = "SELECT provider, state, verified_at IS NOT NULL AS verified
        FROM messages ORDER BY created_at, id";
    let rows = sqlx::query(query).fetch_all(&served.database).await.unwrap();
    rows.iter().map(|row| (row.get("provider"), row.get("state"), row.get("verified"))).collect()
}

fn row(carrier: Carrier, state: &str, verified: bool) -> (String, String, bool) {
    (carrier.name().to_owned(), state.to_owned(), verified)
}

async fn enter(served: &Served, login: &Value, code: &str) {
    let body = json!({ "loginTicket": login["loginTicket"], "otpCode": code });
    let (status, signed_in) = served.post("verify-otp", body).await;
    assert_eq!(status, 200, "{signed_in}");
}

/// One carrier in one kind of trouble, another one standing by.
async fn meet(first: Carrier, second: Carrier, trouble: &Trouble) {
    let case = format!("{first:?}, then {second:?}: {}", trouble.name);
    let fakes = Fakes::start().await;
    fakes.trouble(first, trouble);
    let served = serve(&fakes, &format!("{},{}", first.name(), second.name()), &[]).await;
    let login = served.log_in().await;
    assert_eq!(fakes.asked(first), 1, "{case}");
    if trouble.goes_over {
        assert_eq!(login["otpError"], Value::Null, "{case}: {login}");
        assert_eq!(fakes.asked(second), 1, "{case}");
        enter(&served, &login, &fakes.code_from(second)).await;
        let rows = [row(first, trouble.state, false), row(second, "sent", true)];
        assert_eq!(ledger(&served).await, rows, "{case}");
    } else {
        assert_eq!(login["otpError"]["code"], trouble.code, "{case}: {login}");
        assert_eq!(fakes.asked(second), 0, "{case}");
        assert_eq!(ledger(&served).await, [row(first, trouble.state, false)], "{case}");
    }
}

async fn meet_from(first: Carrier) {
    for trouble in TROUBLES {
        for second in CARRIERS.into_iter().filter(|second| *second != first) {
            meet(first, second, trouble).await;
        }
    }
}

#[tokio::test]
async fn over_from_sinch_only_where_nothing_was_sent_and_nobody_was_judged() {
    meet_from(Sinch).await;
}

#[tokio::test]
async fn over_from_infobip_only_where_nothing_was_sent_and_nobody_was_judged() {
    meet_from(Infobip).await;
}

#[tokio::test]
async fn over_from_plivo_only_where_nothing_was_sent_and_nobody_was_judged() {
    meet_from(Plivo).await;
}

#[tokio::test]
async fn over_from_one_that_cannot_be_reached() {
    // A port that nobody listens on.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{nobody}");
    for (first, setting) in
        [(Sinch, "SINCH_BASE_URL"), (Infobip, "INFOBIP_BASE_URL"), (Plivo, "PLIVO_BASE_URL")]
    {
        for second in CARRIERS.into_iter().filter(|second| *second != first) {
            let fakes = Fakes::start().await;
            let order = format!("{},{}", first.name(), second.name());
            let served = serve(&fakes, &order, &[(setting, &nobody)]).await;
            let login = served.log_in().await;
            assert_eq!(login["otpError"], Value::Null, "{order}: {login}");
            enter(&served, &login, &fakes.code_from(second)).await;
            let rows = [row(first, "failed", false), row(second, "sent", true)];
            assert_eq!(ledger(&served).await, rows, "{order}");
        }
    }
}

#[tokio::test]
async fn the_order_goes_on_to_the_last_and_then_tells_what_the_last_one_said() {
    let fakes = Fakes::start().await;
    fakes.trouble(Sinch, &TROUBLES[0]);
    fakes.trouble(Infobip, &TROUBLES[3]);
    let served = serve(&fakes, "sinch,infobip,plivo", &[]).await;
    let login = served.log_in().await;
    enter(&served, &login, &fakes.code_from(Plivo)).await;
    let rows =
        [row(Sinch, "unknown", false), row(Infobip, "failed", false), row(Plivo, "sent", true)];
    assert_eq!(ledger(&served).await, rows);

    let fakes = Fakes::start().await;
    for carrier in CARRIERS {
        fakes.trouble(carrier, &TROUBLES[3]);
    }
    let served = serve(&fakes, "plivo,sinch,infobip", &[]).await;
    let login = served.log_in().await;
    assert_eq!(login["otpError"]["code"], "provider_unavailable", "{login}");
    assert_eq!(CARRIERS.map(|carrier| fakes.asked(carrier)), [1, 1, 1]);
    // Certainly nothing was sent: nothing was counted, and the user may ask again at once.
    for carrier in CARRIERS {
        fakes.heal(carrier);
    }
    let (status, again) =
        served.post("request-otp", json!({ "loginTicket": login["loginTicket"] })).await;
    assert_eq!(status, 200, "{again}");
    enter(&served, &login, &fakes.code_from(Plivo)).await;
}

#[tokio::test]
async fn a_country_and_a_prefix_have_carriers_of_their_own() {
    for (routes, carrier) in [
        ("", Sinch),
        ("SE=plivo", Plivo),
        ("SE=plivo,+4670=infobip", Infobip),
        ("SE=plivo,+1=infobip", Plivo),
        ("+46=infobip,+4671=plivo", Infobip),
        ("US=plivo", Sinch),
    ] {
        let fakes = Fakes::start().await;
        let served = serve(&fakes, "sinch,infobip,plivo", &[("PROVIDER_ROUTES", routes)]).await;
        let login = served.log_in().await;
        enter(&served, &login, &fakes.code_from(carrier)).await;
        assert_eq!(ledger(&served).await, [row(carrier, "sent", true)], "{routes}");
    }
}

#[tokio::test]
async fn where_the_routed_carrier_is_out_of_order_the_others_stand_by() {
    let fakes = Fakes::start().await;
    fakes.trouble(Plivo, &TROUBLES[2]);
    let served = serve(&fakes, "sinch,infobip,plivo", &[("PROVIDER_ROUTES", "SE=plivo")]).await;
    let login = served.log_in().await;
    enter(&served, &login, &fakes.code_from(Sinch)).await;
    assert_eq!(ledger(&served).await, [row(Plivo, "failed", false), row(Sinch, "sent", true)]);
}
