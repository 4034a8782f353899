//! The address of a client, for limits by address and for what is only read from some networks.
//!
//! A connection tells who opened it; behind a proxy that is the proxy, and the client's address is
//! what it has written down. Each proxy appends, so what a header says is read from its end, and
//! believed only as far as the hops that said it are trusted: whatever a client wrote itself stands
//! to the left of its true address. The last 64 bits of an IPv6 address are for the client to
//! change at will (RFC 8981 section 3), so it is counted by the first.

use crate::App;
use crate::context;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use ipnet::{IpNet, Ipv6Net};
use playhouse_storage::model::Country;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What of an IPv6 address names a client. Bits.
const CLIENT_BITS: u8 = 64;

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address (IPv6: its /64), or nothing when only trusted addresses are known: a load test
    /// or an embedding server beside the node is not one client.
    pub(crate) address: Option<IpAddr>,
    /// The country that a trusted proxy tells of it.
    pub(crate) country: Country,
}

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let (peer, trusted) = (peer(parts), &app.config.trusted_proxies);
        let name = app.config.country_header.as_str();
        let country = peer.and_then(|peer| country(peer, &parts.headers, trusted, name));
        let address = whole_address(parts, app).map(network_of);
        Ok(Self { address, country: country.unwrap_or_default() })
    }
}

/// The address of a client with all its bits; nothing when only trusted addresses are known.
pub(crate) fn whole_address(parts: &Parts, app: &App) -> Option<IpAddr> {
    client(peer(parts)?, &parts.headers, &app.config.trusted_proxies)
}

/// Whether one of the networks holds an address.
pub(crate) fn within(address: IpAddr, networks: &[IpNet]) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Who opened the connection.
fn peer(parts: &Parts) -> Option<IpAddr> {
    context::connection(&parts.extensions).map(|connection| connection.peer)
}

/// What a trusted peer says in the header of this name. A peer that is not trusted may say
/// anything; two lines mean that the proxy has let one of a client pass.
fn country(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet], name: &str) -> Option<Country> {
    if name.is_empty() || !within(peer.to_canonical(), trusted) {
        return None;
    }
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    Country::of(line.to_str().ok()?)
}

/// The nearest address that is not trusted, going from the peer back to where the request began.
/// Where a trusted hop does not say whom it spoke for, the way back ends.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !within(peer, trusted) {
        return Some(peer);
    }
    // A proxy that writes one of the two lets the other pass, so a client could put anything into
    // that one. Nearly all write X-Forwarded-For.
    let (name, read): (_, fn(&str) -> Option<IpAddr>) = match headers.contains_key(X_FORWARDED_FOR)
    {
        true => (X_FORWARDED_FOR, node),
        false => (header::FORWARDED, forwarded_for),
    };
    for line in headers.get_all(name).iter().rev() {
        let mut rest = Some(line.to_str().ok()?);
        while let Some(text) = rest {
            let (before, element) = split_last(text, b',');
            rest = before;
            // A list may have empty elements (RFC 9110 section 5.6.1.2).
            if element.trim().is_empty() {
                continue;
            }
            let hop = read(element)?;
            if !within(hop, trusted) {
                return Some(hop);
            }
        }
    }
    None
}

/// The text before the last separator outside of quotes, and the one after it. Read from the end,
/// because there stands what a trusted hop wrote: a quote left open by a client does not reach it.
fn split_last(text: &str, separator: u8) -> (Option<&str>, &str) {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for at in (0..bytes.len()).rev() {
        if bytes[at] == b'"' {
            let escapes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            quoted ^= escapes % 2 == 0;
        } else if bytes[at] == separator && !quoted {
            return (Some(&text[..at]), &text[at + 1..]);
        }
    }
    (None, text)
}

/// The `for` of one element of `Forwarded` (RFC 7239 sections 4 and 5.2).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut rest = Some(element);
    while let Some(text) = rest {
        let (before, pair) = split_last(text, b';');
        rest = before;
        match pair.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("for") => return node(value),
            Some(_) | None => {}
        }
    }
    None
}

/// A node identifier (RFC 7239 section 6): an address, with or without quotes, brackets and port.
/// `unknown` and hidden names (`_hidden`) are nobody's address.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let text = text.split_once(":_").map_or(text, |(name, _)| name);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|both: SocketAddr| both.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// What a client is counted by.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = Ipv6Net::new(address, CLIENT_BITS).map(|network| network.network());
            IpAddr::V6(network.unwrap_or(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const PROXY: &str = "127.0.0.1";

    fn check(peer: &str, lines: &[(&'static str, &str)], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let trusted = ["127.0.0.0/8", "::1/128", "10.0.0.0/8"].map(|text| text.parse().unwrap());
        let found = client(peer.parse().unwrap(), &headers, &trusted).map(network_of);
        assert_eq!(found, expected.map(|text| text.parse().unwrap()), "{peer} {lines:?}");
    }

    fn forwarded_for(lines: &[&str], expected: Option<&str>) {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        check(PROXY, &lines, expected);
    }

    fn forwarded(line: &str, expected: Option<&str>) {
        check(PROXY, &[("forwarded", line)], expected);
    }

    #[test]
    fn a_country_is_what_a_trusted_proxy_says_once() {
        fn check(peer: &str, lines: &[&str], name: &str, expected: Option<&str>) {
            let trusted = ["127.0.0.0/8".parse().expect("a network")];
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-country", line.parse().expect("a value"));
            }
            let found = country(peer.parse().expect("an address"), &headers, &trusted, name);
            assert_eq!(found.map(|it| it.to_string()).as_deref(), expected, "{peer} {lines:?}");
        }
        check("127.0.0.1", &["ng"], "x-country", Some("NG"));
        check("::ffff:127.0.0.1", &["NG"], "X-Country", Some("NG"));
        check("127.0.0.1", &["NG"], "", None);
        check("127.0.0.1", &["NG", "DE"], "x-country", None);
        check("127.0.0.1", &["Nigeria"], "x-country", None);
        check("192.0.2.7", &["NG"], "x-country", None);
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client_whatever_it_says() {
        check("192.0.2.7", &[], Some("192.0.2.7"));
        check("192.0.2.7", &[("x-forwarded-for", "198.51.100.1")], Some("192.0.2.7"));
        check("::ffff:192.0.2.7", &[("forwarded", "for=198.51.100.1")], Some("192.0.2.7"));
    }

    #[test]
    fn who_is_trusted_and_speaks_for_nobody_is_no_client() {
        for peer in [PROXY, "::1", "::ffff:127.0.0.9", "10.1.2.3"] {
            check(peer, &[], None);
            check(peer, &[("x-forwarded-for", "10.9.9.9, 127.0.0.1")], None);
        }
    }

    #[test]
    fn what_a_client_wrote_itself_stands_left_of_its_address() {
        forwarded_for(&["198.51.100.1"], Some("198.51.100.1"));
        forwarded_for(&["1.1.1.1, 2.2.2.2,198.51.100.1"], Some("198.51.100.1"));
        forwarded_for(&["1.1.1.1, 198.51.100.1, 10.0.0.2"], Some("198.51.100.1"));
        forwarded_for(&["1.1.1.1", "garbage", "198.51.100.1"], Some("198.51.100.1"));
        forwarded_for(&["\"1.1.1.1, 198.51.100.1"], Some("198.51.100.1"));
        forwarded("for=1.1.1.1, for=\"x, for=198.51.100.1", Some("198.51.100.1"));
        let many = vec!["10.0.0.1"; 90];
        forwarded_for(&many, None);
        let long = format!("198.51.100.1{}", ", 10.0.0.1".repeat(3_000));
        forwarded_for(&[&long], Some("198.51.100.1"));
    }

    #[test]
    fn a_header_that_the_proxy_lets_pass_is_not_read_beside_its_own() {
        let lines = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "198.51.100.1")];
        check(PROXY, &lines, Some("198.51.100.1"));
    }

    #[test]
    fn what_is_no_address_ends_the_way_back() {
        for odd in ["unknown", "_hidden", "1.1.1", "256.1.1.1", "::g", "[", "\u{fc}", "a=b"] {
            forwarded_for(&["198.51.100.1", odd], None);
            forwarded(&format!("for=198.51.100.1, for={odd}"), None);
        }
        forwarded("proto=https;by=192.0.2.1", None);
        for empty in ["", ",", " , ,"] {
            forwarded_for(&[empty], None);
            forwarded_for(&["198.51.100.1", empty], Some("198.51.100.1"));
        }
    }

    #[test]
    fn addresses_come_with_ports_brackets_and_quotes() {
        forwarded_for(&["198.51.100.1:4711"], Some("198.51.100.1"));
        forwarded_for(&["[2001:db8::1]:4711"], Some("2001:db8::"));
        forwarded_for(&["::ffff:198.51.100.1"], Some("198.51.100.1"));
        // The examples of RFC 7239 sections 4 and 6.
        forwarded("for=192.0.2.60;proto=http;by=203.0.113.43", Some("192.0.2.60"));
        forwarded("For=\"[2001:db8:cafe::17]:4711\"", Some("2001:db8:cafe::"));
        forwarded("for=192.0.2.43, for=198.51.100.17", Some("198.51.100.17"));
        forwarded("for=\"192.0.2.43:_port\"", Some("192.0.2.43"));
        forwarded("host=\"a,for=1.1.1.1;for=1.1.1.1\";for=192.0.2.43", Some("192.0.2.43"));
        forwarded("for=192.0.2.43;host=\"a\\\",for=1.1.1.1\"", Some("192.0.2.43"));
    }

    #[test]
    fn a_client_has_all_of_its_64_bits() {
        check("2001:db8:1:2:3:4:5:6", &[], Some("2001:db8:1:2::"));
        forwarded_for(&["2001:db8:1:2:ffff::1"], Some("2001:db8:1:2::"));
    }
}
