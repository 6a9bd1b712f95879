//! Challenges, as `store` has them in PostgreSQL: a hash for each user and purpose, which holds the
//! newest challenge only, and beside it where to find a challenge of which only the id is known.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::database::{LuaScript, micros, read_micros};
use crate::foundation::{ChallengeId, PhoneNumber, UserId};

use super::super::code::CodeHash;
use super::super::code_store::{Key, StoreFailure};
use super::super::store::{End, Exported, NewChallenge, Row};
use super::super::{Channel, Purpose};
use super::{PREFIX, RedisStore, time_to_live, unreadable};

static REPLACE: LuaScript = LuaScript::new(include_str!("replace.lua"));
static CHANGE: LuaScript = LuaScript::new(include_str!("change.lua"));
static TAKE_ATTEMPT: LuaScript = LuaScript::new(include_str!("take_attempt.lua"));
static GIVE_ATTEMPT_BACK: LuaScript = LuaScript::new(include_str!("give_attempt_back.lua"));
static FREE_RESEND: LuaScript = LuaScript::new(include_str!("free_resend.lua"));
static MARK_SPOKEN: LuaScript = LuaScript::new(include_str!("mark_spoken.lua"));

/// For a script: nothing, which also takes a field away.
const NOTHING: &[u8] = b"";

/// The values of a challenge by their names, which are those of the columns of `otp_challenges`.
type Fields = HashMap<String, Vec<u8>>;

impl RedisStore {
    pub(in crate::otp) async fn take_free_resend(
        &self,
        user: UserId,
        purpose: Purpose,
        created_after: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        let created_after = micros(created_after);
        self.run(&FREE_RESEND, &place(user, purpose), &[b"1", b"0", created_after.as_bytes()]).await
    }

    pub(in crate::otp) async fn give_free_resend_back(
        &self,
        user: UserId,
        purpose: Purpose,
    ) -> Result<(), StoreFailure> {
        self.run(&FREE_RESEND, &place(user, purpose), &[b"0", b"1", b"0"]).await
    }

    /// Writes the new challenge in the place of the one before, which is over by that.
    pub(in crate::otp) async fn replace(&self, new: &NewChallenge<'_>) -> Result<(), StoreFailure> {
        let place = place(new.user, new.purpose);
        let time_to_live = time_to_live(new.expires_at - new.created_at);
        let free_resend: &[u8] = if new.free_resend { b"1" } else { b"0" };
        let (id, attempts) = (new.id.to_string(), new.attempts.to_string());
        let (created_at, expires_at) = (micros(new.created_at), micros(new.expires_at));
        let mut arguments: Vec<&[u8]> = vec![time_to_live.as_bytes()];
        let values: [(&str, &[u8]); 8] = [
            ("id", id.as_bytes()),
            ("channel", new.channel.as_str().as_bytes()),
            ("phone_number", new.number.e164().as_bytes()),
            ("provider", new.provider.as_bytes()),
            ("attempts_left", attempts.as_bytes()),
            ("free_resend", free_resend),
            ("created_at", created_at.as_bytes()),
            ("expires_at", expires_at.as_bytes()),
        ];
        arguments.extend(values.iter().flat_map(|(name, value)| [name.as_bytes(), *value]));
        if let Some(CodeHash { key_id, mac }) = &new.code_hash {
            arguments.extend([b"code_hash".as_slice(), mac, b"code_key_id", key_id.as_bytes()]);
        }
        let mut point = redis::cmd("SET");
        point.arg(pointer(new.id)).arg(&place).arg("PX").arg(&time_to_live);
        let written = self.run::<()>(&REPLACE, &place, &arguments);
        tokio::try_join!(self.ask::<()>(&point), written)?;
        Ok(())
    }

    pub(in crate::otp) async fn hand_to(
        &self,
        key: &Key,
        provider: &str,
        code_hash: Option<&CodeHash>,
    ) -> Result<bool, StoreFailure> {
        let (mac, key_id) = match code_hash {
            Some(hash) => (hash.mac.as_slice(), hash.key_id.as_bytes()),
            None => (NOTHING, NOTHING),
        };
        let provider = ("provider", provider.as_bytes());
        self.change(key, "", &[provider, ("code_hash", mac), ("code_key_id", key_id)]).await
    }

    pub(in crate::otp) async fn mark_sent(
        &self,
        key: &Key,
        reference: Option<&str>,
        sent_at: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        let reference = reference.unwrap_or_default().as_bytes();
        let sent_at = micros(sent_at);
        let sent_at = ("sent_at", sent_at.as_bytes());
        self.change(key, "", &[("provider_reference", reference), sent_at]).await
    }

    pub(in crate::otp) async fn end(
        &self,
        key: &Key,
        end: End,
        now: DateTime<Utc>,
    ) -> Result<(), StoreFailure> {
        self.end_as(key, "", end.as_str(), now).await.map(drop)
    }

    /// A challenge that a racing guess has marked burnt in between is still good, as in PostgreSQL.
    pub(in crate::otp) async fn consume(
        &self,
        key: &Key,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        self.end_as(key, End::Burnt.as_str(), "verified", now).await
    }

    pub(in crate::otp) async fn find_live(
        &self,
        user: UserId,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<Row>, StoreFailure> {
        let Some(fields) = self.read(&place(user, purpose)).await? else { return Ok(None) };
        let has_ended = fields.contains_key("ended_as");
        let row = read_row(fields).ok_or_else(|| unreadable("a challenge in Redis"))?;
        let is_live = !has_ended && row.attempts_left > 0 && row.expires_at > now;
        Ok(is_live.then_some(row))
    }

    pub(in crate::otp) async fn take_attempt(
        &self,
        key: &Key,
        now: DateTime<Utc>,
    ) -> Result<Option<i16>, StoreFailure> {
        let (id, now) = (key.id.to_string(), micros(now));
        self.run(&TAKE_ATTEMPT, &key.place(), &[id.as_bytes(), now.as_bytes()]).await
    }

    pub(in crate::otp) async fn give_attempt_back(&self, key: &Key) -> Result<(), StoreFailure> {
        let id = key.id.to_string();
        self.run(&GIVE_ATTEMPT_BACK, &key.place(), &[id.as_bytes()]).await
    }

    pub(in crate::otp) async fn is_expected(
        &self,
        id: ChallengeId,
        (number, channel): (&PhoneNumber, Channel),
        created_after: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        let Some(place) = self.find_place(id).await? else { return Ok(false) };
        let Some(fields) = self.read(&place).await? else { return Ok(false) };
        let is =
            |name: &str, value: &str| fields.get(name).is_some_and(|it| it == value.as_bytes());
        let is_after = |name: &str, time| {
            fields.get(name).and_then(|it| read_micros(it)).is_some_and(|it| it > time)
        };
        Ok(is("id", &id.to_string())
            && is("phone_number", number.e164())
            && is("channel", channel.as_str())
            && !fields.contains_key("code_hash")
            && !fields.contains_key("ended_as")
            && is_after("created_at", created_after)
            && is_after("expires_at", now))
    }

    pub(in crate::otp) async fn mark_spoken(
        &self,
        id: ChallengeId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        let Some(place) = self.find_place(id).await? else { return Ok(false) };
        let (id, now) = (id.to_string(), micros(now));
        self.run(&MARK_SPOKEN, &place, &[id.as_bytes(), now.as_bytes()]).await
    }

    /// What is kept of the newest challenge for each purpose, oldest first.
    pub(in crate::otp) async fn export(&self, user: UserId) -> Result<Vec<Exported>, StoreFailure> {
        let mut exported = Vec::new();
        for purpose in Purpose::ALL {
            let Some(fields) = self.read(&place(user, purpose)).await? else { continue };
            let row = read_exported(purpose, fields);
            exported.push(row.ok_or_else(|| unreadable("a challenge in Redis"))?);
        }
        exported.sort_by_key(|it| (it.created_at, it.id.to_string()));
        Ok(exported)
    }

    /// Forgets every challenge of `user`. What leads to one by its id holds nothing of a person and
    /// goes by itself.
    pub(in crate::otp) async fn delete_of(&self, user: UserId) -> Result<(), StoreFailure> {
        let mut delete = redis::cmd("DEL");
        for purpose in Purpose::ALL {
            delete.arg(place(user, purpose));
        }
        self.ask(&delete).await
    }

    async fn end_as(
        &self,
        key: &Key,
        in_spite_of: &str,
        end: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreFailure> {
        let now = micros(now);
        let values = [("ended_as", end.as_bytes()), ("ended_at", now.as_bytes())];
        self.change(key, in_spite_of, &values).await
    }

    async fn change(
        &self,
        key: &Key,
        in_spite_of: &str,
        values: &[(&str, &[u8])],
    ) -> Result<bool, StoreFailure> {
        let id = key.id.to_string();
        let mut arguments = vec![id.as_bytes(), in_spite_of.as_bytes()];
        arguments.extend(values.iter().flat_map(|(name, value)| [name.as_bytes(), *value]));
        self.run(&CHANGE, &key.place(), &arguments).await
    }

    /// Where the challenge is of which only the id is known.
    async fn find_place(&self, id: ChallengeId) -> Result<Option<String>, StoreFailure> {
        let mut get = redis::cmd("GET");
        get.arg(pointer(id));
        self.ask(&get).await
    }

    async fn read(&self, place: &str) -> Result<Option<Fields>, StoreFailure> {
        let mut get = redis::cmd("HGETALL");
        get.arg(place);
        let fields: Fields = self.ask(&get).await?;
        Ok(Some(fields).filter(|fields| !fields.is_empty()))
    }
}

impl Key {
    fn place(&self) -> String {
        place(self.user, self.purpose)
    }
}

/// Where the newest challenge of a user and purpose is. The hash tag is the user.
fn place(user: UserId, purpose: Purpose) -> String {
    format!("{PREFIX}:{{{user}}}:{}", purpose.as_str())
}

/// Where stands where a challenge is.
fn pointer(id: ChallengeId) -> String {
    format!("{PREFIX}:{{{id}}}")
}

fn read_row(mut fields: Fields) -> Option<Row> {
    let mut text = |name: &str| take_text(&mut fields, name);
    Some(Row {
        id: ChallengeId::parse(&text("id")?)?,
        channel: text("channel")?,
        phone_number: text("phone_number")?,
        provider: text("provider")?,
        provider_reference: text("provider_reference"),
        code_key_id: text("code_key_id"),
        attempts_left: text("attempts_left")?.parse().ok()?,
        expires_at: read_micros(text("expires_at")?.as_bytes())?,
        code_hash: fields.remove("code_hash"),
    })
}

fn read_exported(purpose: Purpose, mut fields: Fields) -> Option<Exported> {
    let mut text = |name: &str| take_text(&mut fields, name);
    let time = |text: String| read_micros(text.as_bytes());
    Some(Exported {
        id: ChallengeId::parse(&text("id")?)?,
        purpose: purpose.as_str().to_owned(),
        channel: text("channel")?,
        phone_number: text("phone_number")?,
        provider: text("provider")?,
        provider_reference: text("provider_reference"),
        attempts_left: text("attempts_left")?.parse().ok()?,
        free_resend: text("free_resend")? == "1",
        created_at: time(text("created_at")?)?,
        expires_at: time(text("expires_at")?)?,
        sent_at: text("sent_at").and_then(time),
        spoken_at: text("spoken_at").and_then(time),
        ended_at: text("ended_at").and_then(time),
        ended_as: text("ended_as"),
    })
}

fn take_text(fields: &mut Fields, name: &str) -> Option<String> {
    String::from_utf8(fields.remove(name)?).ok()
}
