//! What does the spot market do, whatever anyone buys?

/// The identity of a pool, a type in a zone: the same number in every run.
#[must_use]
pub fn pool_identity(type_name: &str, zone_id: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = type_name.bytes().chain([b'/']).chain(zone_id.bytes());
    bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}
