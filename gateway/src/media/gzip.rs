//! Gzip for playlists: text of a few kilobytes that shrinks to a tenth (RFC 1952).

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// True when the client takes gzip (RFC 9110 section 12.5.3).
pub(crate) fn accepted(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(takes_gzip)
}

fn takes_gzip(item: &str) -> bool {
    let mut fields = item.split(';').map(str::trim);
    let name = fields.next().unwrap_or_default();
    let refused = fields.any(|field| {
        let weight = field.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        weight.is_some_and(|weight| weight <= 0.0)
    });
    name.eq_ignore_ascii_case("gzip") && !refused
}

pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory cannot fail");
    encoder.finish().expect("writing to memory cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::io::Read;

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        let of = |value| {
            HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
        };
        assert!(accepted(&of("deflate, gzip;q=0.5, br")));
        assert!(!accepted(&of("br")));
        assert!(!accepted(&of("gzip;q=0")));
        assert!(!accepted(&HeaderMap::new()));
    }

    #[test]
    fn what_is_compressed_reads_back() {
        let mut text = String::new();
        let bytes = compress(b"#EXTM3U");
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "#EXTM3U");
    }
}
