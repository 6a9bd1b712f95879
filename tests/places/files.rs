//! Which files are of use, and what is told of the others.

use ringfence::config::{Environment, Settings};

use crate::mmdb::{PlacesFile, mmdb, record};

/// What the start says of the setting; empty where nothing is wrong.
fn told(path: &str) -> String {
    let pairs = [("GEOIP_FILE".to_owned(), path.to_owned())];
    match Settings::read_places(&Environment::of_pairs(pairs)) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    }
}

fn database(database_type: &str) -> Vec<u8> {
    mmdb(database_type, 6, &[("81.2.69.0/24".parse().unwrap(), record("Stockholm", "Sweden"))])
}

#[test]
fn databases_of_cities_and_countries_are_taken() {
    for kind in ["GeoLite2-City", "DBIP-Country-Lite", "GeoIP2-City-Europe", "GeoIP2-Enterprise"] {
        let file = PlacesFile::new(&database(kind));
        assert_eq!(told(file.path().to_str().unwrap()), "", "{kind}");
    }
}

#[test]
fn without_the_setting_there_are_no_places() {
    let empty = vec![("GEOIP_FILE".to_owned(), String::new())];
    for pairs in [vec![], empty] {
        assert!(Settings::read_places(&Environment::of_pairs(pairs)).unwrap().is_none());
    }
}

#[test]
fn a_file_that_is_missing_is_a_fault() {
    let told = told("/nowhere/places.mmdb");
    assert!(told.contains("GEOIP_FILE: \"/nowhere/places.mmdb\" is not right"), "{told}");
    assert!(told.contains("it cannot be read: No such file"), "{told}");
}

#[test]
fn a_file_of_another_form_or_cut_off_is_a_fault() {
    let whole = database("GeoLite2-City");
    let packed = [&[0x1f, 0x8b, 8, 0], &whole[..200]].concat();
    let marker = whole.windows(11).position(|it| it == b"MaxMind.com").unwrap();
    let without_tree = &whole[marker - 40..];
    for content in [&b""[..], b"<html>", &packed, &whole[..whole.len() - 9], without_tree] {
        let file = PlacesFile::new(content);
        let told = told(file.path().to_str().unwrap());
        assert!(told.contains("GEOIP_FILE: "), "{told}");
        assert!(told.contains("is no whole MaxMind DB file; unpack it"), "{told}");
    }
}

#[test]
fn a_database_of_other_things_is_a_fault() {
    let file = PlacesFile::new(&database("GeoLite2-ASN"));
    let told = told(file.path().to_str().unwrap());
    assert!(told.contains("of the type \"GeoLite2-ASN\"; a City or Country database"), "{told}");
}
