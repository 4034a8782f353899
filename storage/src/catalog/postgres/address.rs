//! Where the server is and how it is spoken to: the URL of the configuration, and TLS.
//!
//! `sslmode` means what it means to PostgreSQL's own clients: `prefer` (when nothing is said) and
//! `require` encrypt without asking who answers, `verify-full` also holds the server's certificate
//! against `ca_file` and its host name.

use super::config::Config;
use crate::{Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a URL looks like, for whoever got it wrong.
pub(crate) const EXAMPLE: &str = "postgres://user:password@host:5432/playhouse?sslmode=require";

/// A server's address, as the URL says it.
pub(crate) struct Address {
    server: tokio_postgres::Config,
    verify: bool,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// One sentence that names the key and what would do; it never repeats the URL, which has a
    /// password in it.
    pub(crate) fn parse(url: &str, config: &Config) -> Result<Self, String> {
        let wrong = |why: &str| format!("storage.catalog: {why} (for example {EXAMPLE:?})");
        let (rest, query) = url.split_once('?').unwrap_or((url, ""));
        let is_mode = |part: &&str| part.starts_with("sslmode=");
        let mode =
            query.split('&').find(is_mode).map_or("prefer", |part| &part["sslmode=".len()..]);
        let others: Vec<_> = query.split('&').filter(|part| !is_mode(part)).collect();
        let url = format!("{rest}?{}", others.join("&"));
        let mut server: tokio_postgres::Config =
            url.trim_end_matches('?').parse().map_err(|error| {
                wrong(&format!("the URL of the database cannot be read: {}", describe(&error)))
            })?;
        if server.get_hosts().is_empty() || server.get_dbname().is_none() {
            return Err(wrong("the URL of the database names no host or no database"));
        }
        let (mode, verify) = match mode {
            "disable" => (SslMode::Disable, false),
            "prefer" => (SslMode::Prefer, false),
            "require" => (SslMode::Require, false),
            "verify-full" => (SslMode::Require, true),
            _ => return Err(wrong("sslmode is disable, prefer, require or verify-full")),
        };
        if verify && config.ca_file.is_empty() {
            return Err("storage.postgres.ca_file must name the certificates (PEM) that may sign \
                        the server's, with sslmode=verify-full"
                .to_owned());
        }
        server.ssl_mode(mode).connect_timeout(config.connect_timeout());
        server.tcp_user_timeout(config.silence()).keepalives_idle(config.silence());
        if server.get_application_name().is_none() {
            server.application_name("playhouse");
        }
        Ok(Self { server, verify })
    }

    /// The server, and how to encrypt what is said to it.
    ///
    /// # Errors
    /// `Invalid` when the certificates cannot be read.
    pub(crate) fn connector(
        self,
        config: &Config,
    ) -> Result<(tokio_postgres::Config, MakeRustlsConnect)> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Engine(format!("tls: {error}")))?;
        let tls = if self.verify {
            builder.with_root_certificates(roots(&config.ca_file)?).with_no_client_auth()
        } else {
            let trusting = Arc::new(Trusting(provider));
            builder.dangerous().with_custom_certificate_verifier(trusting).with_no_client_auth()
        };
        Ok((self.server, MakeRustlsConnect::new(tls)))
    }
}

/// An error of the client with its cause, which it keeps to itself.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match (error.as_db_error(), error.source()) {
        (Some(told), _) => format!("{} ({})", told.message(), told.code().code()),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    }
}

fn roots(file: &str) -> Result<RootCertStore> {
    let wrong = |why: String| Error::Invalid(format!("storage.postgres.ca_file {file:?}: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in
        CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))?
    {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// Takes any certificate, as `sslmode=require` asks: what is sent is hidden from who listens, not
/// from who pretends to be the server.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(url, &Config::default())
    }

    #[test]
    fn every_mode_is_read_and_the_rest_of_the_url_too() {
        for (mode, expected) in [
            ("", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?connect_timeout=1&sslmode=require", SslMode::Require),
        ] {
            let address = parse(&format!("postgres://ada:s%40crt@db:6432/house{mode}")).unwrap();
            assert_eq!((address.server.get_ssl_mode(), address.verify), (expected, false));
            assert_eq!(address.server.get_ports(), [6432]);
            assert_eq!(address.server.get_password(), Some(&b"s@crt"[..]));
        }
        let config = Config { ca_file: "ca.pem".into(), ..Config::default() };
        let address = Address::parse("postgres://db/house?sslmode=verify-full", &config).unwrap();
        assert!(address.verify && address.server.get_ssl_mode() == SslMode::Require);
    }

    #[test]
    fn what_is_wrong_is_named_without_the_password() {
        for (url, why) in [
            ("postgres://ada:secret@db/house?sslmode=verify-ca", "verify-full"),
            ("postgres://ada:secret@db/house?sslmode=verify-full", "ca_file"),
            ("postgres://ada:secret@db:port/house", "cannot be read"),
            ("postgres://ada:secret@db/house?color=red", "cannot be read"),
            ("postgres://ada:secret@db", "no database"),
        ] {
            let error = parse(url).err().unwrap();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
