//! Where a request comes from, and the form of it that limits count by.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// The address of a client. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The client at `address`.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address itself.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// The block that it is of: what one attacker commonly rents at a time, and what is kept of an address
    /// for good.
    pub fn block(self) -> Block {
        self.limited().block()
    }

    /// What limits count by: a customer of IPv6 has a whole /64 (RFC 6177) and can take a new
    /// address in it for each request.
    pub fn limited(self) -> Limited {
        match self.0 {
            IpAddr::V4(_) => Limited(self.0),
            IpAddr::V6(v6) => Limited(IpAddr::V6(network_64(v6))),
        }
    }
}

fn network_64(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Net::new_assert(address, 64).network()
}

/// An IPv4 address, or an IPv6 /64 network. Written `192.0.2.1` or `2001:db8:1:2::/64`: what
/// PostgreSQL reads as `inet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limited(IpAddr);

impl Limited {
    /// The block that it is of.
    pub fn block(self) -> Block {
        match self.0 {
            IpAddr::V4(v4) => Block(IpAddr::V4(Ipv4Net::new_assert(v4, 24).network())),
            IpAddr::V6(v6) => Block(IpAddr::V6(Ipv6Net::new_assert(v6, 48).network())),
        }
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

/// An IPv4 /24 or an IPv6 /48 network. Written `192.0.2.0/24` or `2001:db8:1::/48`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block(IpAddr);

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = if self.0.is_ipv4() { 24 } else { 48 };
        write!(f, "{}/{length}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(text: &str) -> String {
        ClientAddress::new(text.parse().unwrap()).limited().to_string()
    }

    #[test]
    fn limits_count_ipv4_by_address_and_ipv6_by_64() {
        assert_eq!(limited("203.0.113.7"), "203.0.113.7");
        assert_eq!(limited("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(limited("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(limited("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_block_is_an_ipv4_24_or_an_ipv6_48() {
        let block = |text: &str| ClientAddress::new(text.parse().unwrap()).block().to_string();
        assert_eq!(block("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(block("::ffff:203.0.113.7"), "203.0.113.0/24");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }
}
