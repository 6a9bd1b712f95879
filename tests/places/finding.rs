//! What is found for an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::prelude::*;
use ringfence::foundation::ClientAddress;
use ringfence::places::Places;
use serde_json::{Value, json};

use crate::log::{Log, assert_silent};
use crate::mmdb::{PlacesFile, mmdb, record};

fn places(ip_version: u16, networks: &[(IpNet, Value)]) -> Places {
    let file = PlacesFile::new(&mmdb("GeoLite2-City", ip_version, networks));
    Places::open(file.path()).unwrap()
}

/// As sessions keep an address.
fn kept(address: IpAddr) -> String {
    ClientAddress::new(address).limited().to_string()
}

#[test]
fn city_and_country_are_told_as_far_as_the_file_knows_them() {
    let networks = [
        ("81.2.69.0/24", record("Stockholm", "Sweden")),
        ("81.2.70.0/24", record("", "Sweden")),
        ("81.2.71.0/24", record("Stockholm", "")),
        ("81.2.72.0/24", record("Singapore", "Singapore")),
        ("81.2.73.0/24", record("", "")),
        ("81.2.74.0/24", json!({ "country": { "iso_code": "SE", "names": { "de": "Schweden" } } })),
        (
            "81.2.75.0/24",
            json!({ "city": { "names": { "en": "" } }, "country": { "names": { "en": "Sweden" } } }),
        ),
        ("2a00:1::/33", record("Nairobi", "Kenya")),
    ];
    let networks = networks.map(|(network, record)| (network.parse().unwrap(), record));
    let places = places(6, &networks);
    for (address, wanted) in [
        ("81.2.69.142", Some("Stockholm, Sweden")),
        ("81.2.70.1", Some("Sweden")),
        ("81.2.71.1", Some("Stockholm")),
        ("81.2.72.1", Some("Singapore")),
        ("81.2.73.1", None),
        ("81.2.74.1", None),
        ("81.2.75.1", Some("Sweden")),
        ("2a00:1::/64", Some("Nairobi, Kenya")),
        ("2a00:1:8000::/64", None),
        ("10.0.0.1", None),
        ("127.0.0.1", None),
        ("fd00::/64", None),
        ("nowhere", None),
        ("", None),
    ] {
        assert_eq!(places.find(address).as_deref(), wanted, "{address}");
    }
}

#[test]
fn a_file_of_ipv4_addresses_knows_no_others() {
    let places = places(4, &[("81.2.69.0/24".parse().unwrap(), record("Stockholm", "Sweden"))]);
    let (log, _listening) = Log::listen();
    assert_eq!(places.find("81.2.69.255").as_deref(), Some("Stockholm, Sweden"));
    assert_eq!(places.find("81.2.70.0"), None);
    assert_eq!(places.find("5102:4500::/64"), None, "the same bits");
    assert_eq!(log.text(), "", "such a file is in order");
}

#[test]
fn a_damaged_record_is_no_place_and_told_without_the_address() {
    let whole = mmdb("GeoLite2-City", 6, &[("81.2.69.0/24".parse().unwrap(), record("A", "B"))]);
    let marker = whole.windows(4).position(|it| it == b"city").unwrap();
    // The text that follows now reaches beyond the data.
    let mut damaged = whole;
    damaged[marker - 1] = (2 << 5) | 31;
    let file = PlacesFile::new(&damaged);
    let places = Places::open(file.path()).unwrap();
    let (log, _listening) = Log::listen();
    assert_eq!(places.find("81.2.69.1"), None);
    let told = log.text();
    assert!(told.contains("WARN") && told.contains("GEOIP_FILE is damaged"), "{told}");
    assert_silent(&told, &["81.2.69"]);
}

/// Networks of one /16 and of one /32, so that they hold one another and addresses are in some of them.
fn network() -> impl Strategy<Value = IpNet> {
    prop_oneof![
        (v4(), 17..=32_u8).prop_map(|(at, length)| Ipv4Net::new_assert(at, length).trunc().into()),
        (v6(), 33..=96_u8).prop_map(|(at, length)| Ipv6Net::new_assert(at, length).trunc().into()),
    ]
}

fn v4() -> impl Strategy<Value = Ipv4Addr> {
    any::<u16>().prop_map(|low| Ipv4Addr::from_bits(0x5102_0000 | u32::from(low)))
}

fn v6() -> impl Strategy<Value = Ipv6Addr> {
    any::<(u16, u64)>().prop_map(|(middle, low)| {
        Ipv6Addr::from_bits(0x2a00_0001 << 96 | u128::from(middle) << 80 | u128::from(low))
    })
}

proptest! {
    #[test]
    fn an_address_is_where_the_smallest_network_around_it_is(
        networks in proptest::collection::hash_set(network(), 1..20),
        others in proptest::collection::vec(
            prop_oneof![v4().prop_map(IpAddr::V4), v6().prop_map(IpAddr::V6)], 1..20),
    ) {
        let named = networks.iter().map(|network| (*network, record(&network.to_string(), "X")));
        let places = places(6, &named.collect::<Vec<_>>());
        // First and last of each network, and addresses in any and in none.
        let edges = networks.iter().flat_map(|network| [network.network(), network.broadcast()]);
        for address in edges.chain(others.iter().copied()) {
            // Of an IPv6 address a session keeps the first 64 bits.
            let first = match address {
                IpAddr::V4(_) => address,
                IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 64).network().into(),
            };
            let around = networks.iter().filter(|network| network.contains(&first));
            let wanted = around.max_by_key(|network| network.prefix_len());
            let wanted = wanted.map(|network| format!("{network}, X"));
            prop_assert_eq!(places.find(&kept(address)), wanted, "{}", address);
        }
    }
}
