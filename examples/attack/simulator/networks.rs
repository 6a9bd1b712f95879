//! Where clients come from: homes, offices behind one address, carriers that share addresses among many
//! phones, and the addresses that attackers rent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::random::Random;

/// Offices of the simulated service's customers, each behind one address.
const OFFICES: u32 = 4;
/// Blocks of /24 that mobile carriers put their customers behind, with so many addresses in use in each.
const CARRIER_BLOCKS: u32 = 24;
const CARRIER_ADDRESSES: u32 = 16;

/// The address of an honest person.
pub(crate) fn honest(random: &mut Random) -> IpAddr {
    match random.below(100) {
        0..5 => v4([62, 12, 7, 1 + byte(random.below(OFFICES))]),
        5..35 => {
            let block = byte(random.below(CARRIER_BLOCKS));
            v4([92, 40, block, 1 + byte(random.below(CARRIER_ADDRESSES))])
        }
        35..60 => IpAddr::V6(Ipv6Addr::from_bits(
            (0x2a02_u128 << 112)
                | (u128::from(random.any()) << 80)
                | (u128::from(random.below(0x1_0000)) << 64)
                | u128::from(random.any()),
        )),
        _ => v4([81, byte(random.below(256)), byte(random.below(256)), byte(random.below(256))]),
    }
}

/// So many addresses of homes all over the world, as residential proxies rent them out: next to none share
/// a block.
pub(crate) fn residential(count: u32, random: &mut Random) -> Vec<IpAddr> {
    let any = |random: &mut Random| {
        v4([
            101 + byte(random.below(20)),
            byte(random.below(256)),
            byte(random.below(256)),
            byte(random.below(256)),
        ])
    };
    (0..count).map(|_| any(random)).collect()
}

/// So many addresses in blocks of /24 of a data centre, each block as full as the others.
pub(crate) fn data_centre(count: u32, blocks: u32) -> Vec<IpAddr> {
    let blocks = blocks.clamp(1, 250);
    let address = |at: u32| v4([45, 9, byte(at % blocks), byte(1 + (at / blocks) % 250)]);
    (0..count).map(address).collect()
}

fn v4(octets: [u8; 4]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(octets))
}

fn byte(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
