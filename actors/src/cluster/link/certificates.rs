//! Certificates of the nodes: who signs them, what they must say, and how new ones are taken up.
//!
//! The files are looked at every `certificates_every_ms`; when one of them has changed, all three
//! are read, and connections from then on use them. Connections that stand stay as they are. Files
//! that do not go together yet are told and looked at again; the ones before stay in use. An
//! authority's file may hold several, so that one can follow another.

use super::naming::Naming;
use super::socket::Stream;
use arc_swap::ArcSwap;
use playhouse_storage::model::NodeName;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{
    NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier,
};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, Error, RootCertStore, ServerConfig, version::TLS13,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Where the certificates lie, PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Certificates of the authority that signs every node's.
    pub authority: PathBuf,
    /// This node's certificate, with those between it and the authority's.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Both sides of TLS with one set of files.
struct Pair {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// The certificates in use.
pub(super) struct Certificates {
    files: Files,
    me: NodeName,
    stamp: Mutex<Stamp>,
    pair: ArcSwap<Pair>,
}

/// What tells one version of the files from another.
type Stamp = [Option<(SystemTime, u64)>; 3];

impl Certificates {
    pub(super) fn load(files: Files, me: &NodeName) -> Result<Self, String> {
        // Before they are read: what changes meanwhile is read once more.
        let stamp = Mutex::new(files.stamp());
        let pair = ArcSwap::from_pointee(files.read(me)?);
        Ok(Self { files, me: me.clone(), stamp, pair })
    }

    /// Takes up new files for as long as the link lives.
    pub(super) async fn watch(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.look();
        }
    }

    fn look(&self) {
        let now = self.files.stamp();
        if now == *self.stamp.lock().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        match self.files.read(&self.me) {
            Ok(pair) => {
                self.pair.store(Arc::new(pair));
                *self.stamp.lock().unwrap_or_else(PoisonError::into_inner) = now;
                tracing::info!(node = %self.me, "the link uses new certificates");
            }
            Err(error) => tracing::warn!(error, "new certificates of the link are not usable"),
        }
    }

    pub(super) async fn dialled(&self, tcp: TcpStream, peer: &NodeName) -> std::io::Result<Stream> {
        let name = server_name(peer).map_err(std::io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.pair.load().client));
        Ok(Box::new(connector.connect(name, tcp).await?))
    }

    pub(super) async fn accepted(
        &self,
        tcp: TcpStream,
    ) -> std::io::Result<(Stream, super::security::Shown)> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.pair.load().server));
        let tls = acceptor.accept(tcp).await?;
        let shown = tls.get_ref().1.peer_certificates().and_then(<[_]>::first);
        // None would mean that nobody is held to a name; the verifier lets no such one in.
        let shown = shown.ok_or_else(|| std::io::Error::other("it shows no certificate"))?;
        let shown = super::security::Shown(Some(shown.to_vec()));
        Ok((Box::new(tls), shown))
    }
}

impl Files {
    fn stamp(&self) -> Stamp {
        [&self.authority, &self.certificate, &self.key].map(|file| {
            let about = std::fs::metadata(file).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }

    fn read(&self, me: &NodeName) -> Result<Pair, String> {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(self.roots()?);
        let chain = certificates(&self.certificate)?;
        let named = |error: Error| format!("{}: {error}", self.certificate.display());
        let servers =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
                .build()
                .map_err(|error| format!("{}: {error}", self.authority.display()))?;
        self.holds(&*servers, &chain, me)?;
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
                .build()
                .map_err(|error| format!("{}: {error}", self.authority.display()))?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(named)?
            .with_client_cert_verifier(Arc::new(Naming { me: me.clone(), judge: clients }))
            .with_single_cert(chain.clone(), self.private()?)
            .map_err(named)?;
        // A session that is resumed would outlive the certificates that it was begun with.
        server.send_tls13_tickets = 0;
        server.session_storage = Arc::new(NoServerSessionStorage {});
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(named)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, self.private()?)
            .map_err(named)?;
        client.resumption = Resumption::disabled();
        Ok(Pair { server: Arc::new(server), client: Arc::new(client) })
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.authority)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("{}: {error}", self.authority.display()))?;
        }
        Ok(roots)
    }

    fn private(&self) -> Result<PrivateKeyDer<'static>, String> {
        PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| format!("{}: {error}", self.key.display()))
    }

    /// Would a peer take this certificate for that of this node?
    fn holds(
        &self,
        peers: &dyn ServerCertVerifier,
        chain: &[CertificateDer<'_>],
        me: &NodeName,
    ) -> Result<(), String> {
        let (first, between) = chain.split_first().ok_or("no certificate")?;
        let name = server_name(me)?;
        let held = peers.verify_server_cert(first, between, &name, &[], UnixTime::now());
        held.map(drop).map_err(|error| {
            format!(
                "{}: no peer would take this for the certificate of {me}: {} \
                 (ops/certs makes one, ops/certs --renew a new one)",
                self.certificate.display(),
                explain(&error)
            )
        })
    }
}

fn certificates(file: &PathBuf) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let read = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?;
    let read: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
    match read.is_empty() {
        true => Err(wrong(&"there is no certificate in it")),
        false => Ok(read),
    }
}

fn server_name(node: &NodeName) -> Result<ServerName<'static>, String> {
    ServerName::try_from(node.as_str().to_owned())
        .map_err(|_| format!("{node} cannot be in a certificate: a name needs a letter"))
}

/// Is this the certificate of the node of that name?
pub(super) fn bears(certificate: &[u8], name: &NodeName) -> Result<(), String> {
    let certificate = CertificateDer::from(certificate);
    let parsed = ParsedCertificate::try_from(&certificate).map_err(|error| explain(&error))?;
    verify_server_name(&parsed, &server_name(name)?).map_err(|error| explain(&error))
}

/// The names in a certificate, for people to read.
pub(super) fn names(certificate: &CertificateDer<'_>) -> String {
    // A name that none has: the error tells those that it has.
    let nobody = ServerName::try_from("nobody.invalid").expect("a name");
    let refused = ParsedCertificate::try_from(certificate)
        .and_then(|parsed| verify_server_name(&parsed, &nobody));
    match refused {
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) => presented.join(", "),
        _ => "nobody".to_owned(),
    }
}

/// What TLS says, in words that name the names.
pub(super) fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected,
            presented,
        }) => format!("it is of {}, not of {}", presented.join(", "), expected.to_str()),
        // A bad signature: the other authority has the same name.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "it is signed by another authority".to_owned(),
        Error::AlertReceived(alert) => {
            format!("it refuses the certificate that it is shown, or the connection ({alert:?})")
        }
        other => other.to_string(),
    }
}
