//! How a node knows that its peer is one: by a certificate, or on one machine by a shared secret.

use super::certificates::{Certificates, Files};
use super::socket::Stream;
use hmac::{Hmac, KeyInit, Mac};
use playhouse_storage::model::NodeName;
use sha2::Sha256;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;

/// What connections are secured with.
#[derive(Clone, Debug)]
pub enum Security {
    /// Mutually authenticated TLS 1.3: the name in a certificate is the identity of its node.
    Tls(Files),
    /// Nothing is encrypted, and who knows the secret is a node; loopback addresses only.
    Plain(Secret),
}

/// What all nodes of a cluster without TLS know.
#[derive(Clone)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// What a proof is made over, so that no proof serves twice, for another pair or the other way.
pub(super) struct Proven<'a> {
    pub(super) side: &'a str,
    pub(super) from: &'a NodeName,
    pub(super) to: &'a NodeName,
    pub(super) dialler: &'a str,
    pub(super) host: &'a str,
}

impl Secret {
    fn mac(&self, over: &Proven<'_>) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        let parts = [over.side, over.from.as_str(), over.to.as_str(), over.dialler, over.host];
        for part in parts {
            mac.update(part.as_bytes());
            // No part has this byte in it, so no two lists of parts are one text.
            mac.update(&[0]);
        }
        mac
    }

    /// Proves to know the secret (RFC 2104 with SHA-256), hexadecimal.
    pub(super) fn prove(&self, over: &Proven<'_>) -> String {
        let proof = self.mac(over).finalize().into_bytes();
        proof.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Is this a proof? Takes the same time whatever is wrong with it.
    pub(super) fn proves(&self, over: &Proven<'_>, proof: &str) -> bool {
        let byte = |at: usize| u8::from_str_radix(proof.get(at..at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..64).step_by(2).map(byte).collect();
        proof.len() == 64 && bytes.is_some_and(|bytes| self.mac(over).verify_slice(&bytes).is_ok())
    }
}

/// Security at work.
pub(super) enum Guard {
    Tls(Arc<Certificates>),
    Plain(Secret),
}

impl Guard {
    pub(super) fn new(security: Security, me: &NodeName) -> Result<Self, String> {
        Ok(match security {
            Security::Tls(files) => Self::Tls(Arc::new(Certificates::load(files, me)?)),
            Security::Plain(secret) => Self::Plain(secret),
        })
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Tls(_) => None,
            Self::Plain(secret) => Some(secret),
        }
    }

    /// May this address be used?
    pub(super) fn allows(&self, address: SocketAddr) -> Result<(), String> {
        match self {
            Self::Plain(_) if !address.ip().to_canonical().is_loopback() => Err(format!(
                "{address} is no loopback address, and without TLS the link uses no other: \
                 make certificates with ops/certs and name them in cluster.toml, or use 127.0.0.1"
            )),
            _ => Ok(()),
        }
    }

    /// Secures a connection that was dialled.
    pub(super) async fn dialled(&self, tcp: TcpStream, peer: &NodeName) -> std::io::Result<Stream> {
        match self {
            Self::Tls(certificates) => certificates.dialled(tcp, peer).await,
            Self::Plain(_) => Ok(Box::new(tcp)),
        }
    }

    /// Secures a connection that came in; answers how its dialler is held to its name.
    pub(super) async fn accepted(&self, tcp: TcpStream) -> std::io::Result<(Stream, Shown)> {
        match self {
            Self::Tls(certificates) => certificates.accepted(tcp).await,
            Self::Plain(_) => Ok((Box::new(tcp), Shown(None))),
        }
    }
}

/// What the dialler of a connection has shown: its certificate (DER), or nothing yet.
pub(super) struct Shown(pub(super) Option<Vec<u8>>);

impl Shown {
    /// Is this the name of who has shown it? Without a certificate the secret decides.
    pub(super) fn is_of(&self, name: &NodeName) -> Result<(), String> {
        match &self.0 {
            Some(certificate) => super::certificates::bears(certificate, name),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NodeName {
        text.parse().expect("a name")
    }

    #[test]
    fn a_proof_holds_for_its_pair_and_its_side_only() {
        let (a, b) = (name("a"), name("b"));
        let over = |side| Proven { side, from: &a, to: &b, dialler: "1", host: "2" };
        let secret = Secret([7; 32]);
        let proof = secret.prove(&over("dialler"));
        assert!(secret.proves(&over("dialler"), &proof));
        assert!(!secret.proves(&over("host"), &proof));
        assert!(!secret.proves(&Proven { from: &b, ..over("dialler") }, &proof));
        assert!(!secret.proves(&Proven { host: "3", ..over("dialler") }, &proof));
        assert!(!Secret([8; 32]).proves(&over("dialler"), &proof));
        for wrong in ["", "00", &proof[2..], &format!("{proof}00"), &"é".repeat(32)] {
            assert!(!secret.proves(&over("dialler"), wrong), "{wrong}");
        }
    }

    #[test]
    fn without_tls_only_loopback_is_used() {
        let guard = Guard::Plain(Secret([7; 32]));
        for good in ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            guard.allows(good.parse().expect("an address")).expect(good);
        }
        for bad in ["10.0.0.1:1", "0.0.0.0:1", "[::]:1", "[fe80::1]:1"] {
            let refused = guard.allows(bad.parse().expect("an address")).expect_err(bad);
            assert!(refused.contains(bad) && refused.contains("ops/certs"), "{refused}");
        }
    }
}
