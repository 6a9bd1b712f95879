//! What a `User-Agent` says of a device, in a few words for its owner.
//!
//! The header is whatever a client likes to send: the words are for recognising one's own devices
//! and for nothing else. A rule of a few lines knows what most people use; a list of all there is
//! would be out of date each month.

/// Browsers, the more special name first: Edge and Opera call themselves Chrome, and Chrome Safari.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Safari/", "Safari"),
];

/// Systems, the more special name first: Android calls itself Linux, and an iPhone a Mac.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`. For programs that are no browsers the name that they give themselves, for
/// instance `curl/8.5.0`; `Unknown device` where nothing was sent.
pub fn device_name(user_agent: Option<&str>) -> String {
    let Some(text) = user_agent else { return "Unknown device".to_owned() };
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
    };
    let is_browser = text.starts_with("Mozilla/") || text.starts_with("Opera/");
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) if is_browser => format!("{browser} on {system}"),
        (None, Some(system)) if is_browser => format!("A browser on {system}"),
        _ => text.split_whitespace().next().unwrap_or("Unknown device").chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::device_name;

    #[test]
    fn common_devices_have_the_names_that_people_call_them_by() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            ("OurApp/3.1 (Android 15)", "OurApp/3.1"),
        ] {
            assert_eq!(device_name(Some(user_agent)), name);
        }
        assert_eq!(device_name(None), "Unknown device");
    }

    proptest! {
        #[test]
        fn every_name_is_short_and_says_something(user_agent in "[ -~]{0,256}") {
            let name = device_name(Some(&user_agent));
            prop_assert!((1..=60).contains(&name.len()), "{name:?}");
        }
    }
}
