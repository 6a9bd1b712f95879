//! `X-Forwarded-For`: who is no trusted proxy cannot choose the address that counts, and nothing to the
//! left of the first untrusted hop does.
#![no_main]

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use ringfence::http::TrustedProxies;

fuzz_target!(|bytes: &[u8]| {
    let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append("x-forwarded-for", value);
    }
    let (stranger, proxy): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [10, 0, 0, 1].into());
    assert_eq!(proxies.client(stranger, &headers).ip(), stranger);

    let client = proxies.client(proxy, &headers);
    let _ = (client.block().to_string(), client.limited().to_string());
    // What the proxy heard from counts, whatever came before it.
    headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
    assert_eq!(proxies.client(proxy, &headers).ip().to_string(), "203.0.113.9");
});
