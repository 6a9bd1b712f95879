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
    // What the proxy heard from counts, whatever came before it, in a line of its own or in the same one.
    let mut one_line = headers.get_all("x-forwarded-for").iter().collect::<Vec<_>>();
    let last = one_line.pop().map_or(&b""[..], HeaderValue::as_bytes);
    let last = HeaderValue::from_bytes(&[last, b", 203.0.113.9"].concat()).expect("a header");
    let mut appended = HeaderMap::new();
    for line in one_line.into_iter().chain([&last]) {
        appended.append("x-forwarded-for", line.clone());
    }
    headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
    for headers in [headers, appended] {
        assert_eq!(proxies.client(proxy, &headers).ip().to_string(), "203.0.113.9");
    }
});
