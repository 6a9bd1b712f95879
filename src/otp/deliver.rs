//! Handing a code over: to its carrier, to the next one where that is out of order, and noting what
//! became of it.

use sqlx::{PgConnection, PgPool};

use crate::foundation::{ChallengeId, Country, MessageId, Metric, PhoneNumber};

use super::carriage::Carriage;
use super::ledger::{self, News, State};
use super::providers::delivery::Message;
use super::providers::failure::ProviderFailure;
use super::providers::hosted::{CODE_PLACEHOLDER, Wording};
use super::send::{Draft, Live, SendError, next_admitted};
use super::store::End;
use super::work::Work;
use super::{Addressee, Channel, Otp, OtpFailure};

/// What the ledger is told of a message whose code could not be written down: nobody was asked.
pub(super) const STORE_AWAY: News<'static> = News {
    state: State::Failed,
    reference: None,
    failure: Some("store_unavailable"),
    segments: None,
};

/// What a carrier is handed.
pub(super) struct Parcel<'a> {
    pub(super) message: MessageId,
    pub(super) challenge: ChallengeId,
    pub(super) to: &'a PhoneNumber,
    pub(super) channel: Channel,
    pub(super) addressee: &'a Addressee,
}

/// A code that a carrier has taken.
#[derive(Debug)]
pub struct Sent {
    draft: Draft,
    reference: Option<String>,
}

impl Otp {
    /// Hands the code to the carrier, and to the next one where that is out of order and has
    /// certainly not judged the destination. No database connection is held while one is asked.
    pub async fn deliver(&self, database: &PgPool, mut draft: Draft) -> Result<Sent, SendError> {
        loop {
            let handed_over = self.hand_over(&draft.carriage, &draft.parcel()).await;
            if let Some(carrier) = draft.carriage.carrier() {
                carrier.note(handed_over.as_ref().err(), self.clock.now());
            }
            let failure = match handed_over {
                Ok(reference) => return Ok(Sent { draft, reference }),
                Err(failure) => failure,
            };
            draft.may_have_sent |= failure.may_have_sent();
            let Some(next) = self.next_carriage(&mut draft, &failure)? else {
                self.give_up(database, &draft, news_of(&failure)).await?;
                return Err(failure.into());
            };
            let carrier = next.carrier().cloned();
            if let Err(refusal) = self.fail_over(database, &mut draft, next, &failure).await {
                carrier.inspect(|carrier| carrier.give_back(self.clock.now()));
                return Err(refusal);
            }
        }
    }

    /// Notes that the carrier took the code. `None`: a newer one took its place meanwhile.
    ///
    /// The ledger has it in any case: the transaction is to be committed even where the store fails.
    pub async fn record_sent(
        &self,
        connection: &mut PgConnection,
        sent: &Sent,
    ) -> Result<Option<Live>, OtpFailure> {
        let (draft, now) = (&sent.draft, self.clock.now());
        let news =
            News { state: State::Sent, reference: sent.reference(), failure: None, segments: None };
        let (key, reference) = (draft.key(), sent.judged_under());
        // The code before its message, as `consume` locks them: a text may be faster than its carrier's answer.
        let marked = self.store.mark_sent(connection, &key, reference, now).await;
        ledger::advance(connection, draft.message, news, now).await?;
        Ok(marked?.then(|| draft.live()))
    }

    /// Asks the carrier. Returns its id of the message or of the verification.
    pub(super) async fn hand_over(
        &self,
        carriage: &Carriage,
        parcel: &Parcel<'_>,
    ) -> Result<Option<String>, ProviderFailure> {
        let handed_over = self.ask(carriage, parcel).await;
        if let Some(carrier) = carriage.carrier() {
            count_send(carrier.name(), parcel.to, parcel.channel, handed_over.as_ref().err());
        }
        handed_over
    }

    async fn ask(
        &self,
        carriage: &Carriage,
        parcel: &Parcel<'_>,
    ) -> Result<Option<String>, ProviderFailure> {
        let Parcel { message: id, challenge, to, channel, addressee } = *parcel;
        let (now, texts) = (self.clock.now(), &self.rules.texts);
        match carriage {
            Carriage::Hosted(_, provider) => {
                let reference = challenge.to_string();
                let text = texts.render_around(addressee, to, channel, CODE_PLACEHOLDER);
                let wording = Wording::new(addressee, &text);
                let start = provider.start(now, to.e164(), channel, &reference, &wording);
                start.await.map(|started| Some(started.reference_id))
            }
            Carriage::Delivery(_, provider, code) => {
                let text = &texts.render(addressee, to, channel, code);
                let language = addressee.language;
                let code = Some(code);
                let message = Message { id, challenge, to, channel, code, text, language };
                provider.send(now, &message).await.map(|accepted| Some(accepted.reference))
            }
            Carriage::Test(_) => Ok(None),
        }
    }

    /// By whom the code goes now that a carrier has failed; `None` where nobody else may be asked.
    /// A code of our own stays the same, so that it is good whichever message arrives.
    fn next_carriage(
        &self,
        draft: &mut Draft,
        failure: &ProviderFailure,
    ) -> Result<Option<Carriage>, OtpFailure> {
        if !failure.may_fail_over() {
            return Ok(None);
        }
        let next = next_admitted(&mut draft.others, self.clock.now());
        let code = draft.carriage.own_code();
        next.map(|carrier| self.carriage(&carrier, code, draft.digits)).transpose()
    }

    /// Writes down that the code goes by `next` instead, as a message of its own.
    async fn fail_over(
        &self,
        database: &PgPool,
        draft: &mut Draft,
        next: Carriage,
        failure: &ProviderFailure,
    ) -> Result<(), SendError> {
        let now = self.clock.now();
        let mut work = Work::on(database);
        let news = news_of(failure);
        draft.carriage = next;
        let message = MessageId::new(now, &self.entropy).map_err(OtpFailure::from)?;
        let failed = std::mem::replace(&mut draft.message, message);
        let provider = draft.carriage.provider_name();
        let code_hash = self.code_hash(draft);
        let handed =
            self.store.hand_to(&mut work, &draft.key(), provider, code_hash.as_ref()).await;
        let mut transaction = work.into_transaction().await?;
        let is_live = match handed {
            Ok(is_live) => is_live,
            Err(error) => {
                transaction.rollback().await?;
                draft.message = failed;
                self.give_up(database, draft, news).await?;
                return Err(error.into());
            }
        };
        let postings = self.note_failure(&mut transaction, failed, news, now).await?;
        let entered = if is_live {
            self.enter(&mut transaction, draft, postings, now).await
        } else {
            self.give_money_back(&mut transaction, &postings, now).await?;
            Ok(Vec::new())
        };
        if let Err(refusal) = self.conclude(database, transaction, entered, now).await {
            // Nothing of it has happened: no budget has room for the next carrier's message.
            draft.message = failed;
            self.give_up(database, draft, news).await?;
            return Err(refusal);
        }
        // A racing request has begun a newer code in between: nobody would need this one.
        is_live.then_some(()).ok_or(SendError::Overtaken)
    }

    /// Notes that no carrier took the code. Where certainly none has sent anything the send does
    /// not count, so that the user can ask again at once.
    pub(super) async fn give_up(
        &self,
        database: &PgPool,
        draft: &Draft,
        news: News<'static>,
    ) -> Result<(), OtpFailure> {
        let now = self.clock.now();
        let mut work = Work::on(database);
        // The windows before the code, as `reserve` locks them, and the code before its message, as `consume`
        // does.
        if !draft.may_have_sent {
            self.store.give_back(&mut work, &draft.counted, draft.reserved_at).await?;
        }
        let ended = self.store.end(&mut work, &draft.key(), End::NotSent, now).await;
        let connection = work.connection().await?;
        let postings = self.note_failure(connection, draft.message, news, now).await?;
        self.give_money_back(connection, &postings, now).await?;
        work.commit().await?;
        ended
    }
}

/// Counts a message that was handed to a carrier.
pub(super) fn count_send(
    provider: &str,
    to: &PhoneNumber,
    channel: Channel,
    failure: Option<&ProviderFailure>,
) {
    let outcome = failure.map_or("accepted", |failure| failure.kind().as_str());
    let country = to.country().map_or("none", Country::as_str);
    Metric::Sends.add(&[provider, country, channel.as_str(), outcome]);
}

/// What the ledger is told of it.
pub(super) fn news_of(failure: &ProviderFailure) -> News<'static> {
    let state = if failure.may_have_sent() { State::Unknown } else { State::Failed };
    News { state, reference: None, failure: Some(failure.kind().as_str()), segments: None }
}

impl Sent {
    /// Who carries it, by the name in `VERIFICATION_PROVIDER`.
    pub fn provider(&self) -> &'static str {
        self.draft.carriage.provider_name()
    }

    /// The carrier's own id of the message or of the verification.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The id under which the carrier judges the code, where it is the one who does.
    fn judged_under(&self) -> Option<&str> {
        matches!(self.draft.carriage, Carriage::Hosted(..)).then(|| self.reference()).flatten()
    }
}
