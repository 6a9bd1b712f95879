//! People who have had accounts since long ago: written into the database as an import writes them.

use ringfence::foundation::{EmailAddress, Entropy, PhoneNumber, UserId};
use ringfence::passwords::Password;
use ringfence::users::{ImportedUser, PhcString, insert_many};

use anyhow::Context as _;

use super::honest::Person;
use super::random::Random;
use super::world::World;

/// What everybody's password ends with up to here, so that one hash does for all.
pub(crate) const PASSWORD: &str = "granite willow 40417";
/// Rows of one statement.
const BATCH: usize = 500;

/// So many people with verified phones and [`PASSWORD`].
///
/// # Errors
/// The database's, and a numbering plan's that is wrong.
pub(crate) async fn settle(
    world: &World,
    name: &str,
    count: u32,
    random: &mut Random,
) -> anyhow::Result<Vec<Person>> {
    let (now, entropy) = (world.agenda.now(), Entropy::default());
    let hasher = &world.application.state.hasher;
    let hash = hasher.hash(Password::for_login(PASSWORD)?, entropy.bytes()?).await?;
    let hash = PhcString::from(hash.to_phc());
    let mut people: Vec<Person> = Vec::new();
    let mut numbers = std::collections::HashSet::new();
    for place in 0..count {
        let mut person = Person::draw(&format!("{name}-{place}"), random)?;
        PASSWORD.clone_into(&mut person.password);
        if numbers.insert(person.phone.clone()) {
            people.push(person);
        }
    }
    for batch in people.chunks(BATCH) {
        let rows = batch.iter().map(|person| {
            Ok(ImportedUser {
                id: UserId::new(now, &entropy)?,
                email: EmailAddress::parse(&person.email)?,
                phone_number: PhoneNumber::from_e164(&person.phone).context("no number")?,
                password_hash: hash.clone(),
                is_verified: true,
                locale: None,
                roles: Vec::new(),
                created_at: now,
            })
        });
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        insert_many(&world.database, &rows, now).await?;
    }
    Ok(people)
}
