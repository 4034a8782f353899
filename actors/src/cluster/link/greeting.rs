//! The first words on a connection, before anything is carried: who calls whom, and that both are
//! of the cluster.
//!
//! Dialler: `Hello`. Without TLS the host answers `Challenge` with its own proof of the secret and
//! the dialler sends its `Proof`. The host ends with `Welcome`, or at any point with `Refused`.
//! Each is JSON behind its length in two bytes. The token of a `Welcome` is the right to speak in
//! the dialler's name: only these two know it.

use super::config::Config;
use super::security::{Proven, Secret};
use super::socket::Stream;
use playhouse_storage::model::NodeName;
use serde::{Deserialize, Serialize};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The version of these words and of how parcels are carried.
const LINK: u16 = 1;
/// A name is at most 63 bytes, a reason a sentence.
const BYTES_MAX: usize = 4096;

/// What a dialler says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) link: u16,
    pub(super) from: NodeName,
    pub(super) to: NodeName,
    /// Largest frame that the dialler takes.
    pub(super) frame_bytes_max: u64,
    /// After so long without a word the dialler is gone, milliseconds.
    pub(super) silence_ms: u64,
    pub(super) nonce: String,
}

/// What a host grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Welcome {
    pub(super) token: String,
    /// Asks that the host works on for this dialler at one time.
    pub(super) credits: u32,
    /// Largest frame that the host takes.
    pub(super) frame_bytes_max: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "greeting", rename_all = "snake_case")]
enum Word {
    Hello(Hello),
    Challenge { nonce: String, proof: String },
    Proof { proof: String },
    Welcome(Welcome),
    Refused { reason: String },
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The stream failed, or said what is no greeting.
    Stream(io::Error),
    /// The other side said why.
    Refused(String),
    /// This side refuses, and why.
    Refuse(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl Hello {
    pub(super) fn new(from: &NodeName, to: &NodeName, config: &Config) -> Self {
        Self {
            link: LINK,
            from: from.clone(),
            to: to.clone(),
            frame_bytes_max: config.frame_bytes_max,
            silence_ms: config.heartbeat_deadline_ms,
            nonce: random(),
        }
    }

    fn proven<'a>(&'a self, side: &'a str, host: &'a str) -> Proven<'a> {
        Proven { side, from: &self.from, to: &self.to, dialler: &self.nonce, host }
    }
}

impl Welcome {
    pub(super) fn new(credits: u32, frame_bytes_max: u64) -> Self {
        Self { token: random(), credits, frame_bytes_max }
    }
}

/// What nobody can guess.
fn random() -> String {
    format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>())
}

/// The dialler's part.
pub(super) async fn dial(
    stream: &mut Stream,
    hello: &Hello,
    secret: Option<&Secret>,
) -> Result<Welcome, Trouble> {
    say(stream, &Word::Hello(hello.clone())).await?;
    if let Some(secret) = secret {
        let (nonce, proof) = match hear(stream).await? {
            Word::Challenge { nonce, proof } => (nonce, proof),
            other => return Err(unexpected(other)),
        };
        if !secret.proves(&hello.proven("host", &nonce), &proof) {
            return Err(Trouble::Refuse(format!(
                "{} does not know the secret of this cluster",
                hello.to
            )));
        }
        let proof = secret.prove(&hello.proven("dialler", &nonce));
        say(stream, &Word::Proof { proof }).await?;
    }
    match hear(stream).await? {
        Word::Welcome(welcome) => Ok(welcome),
        other => Err(unexpected(other)),
    }
}

/// The host's part up to its decision; `knows` holds the dialler to the name that it says.
pub(super) async fn receive(
    stream: &mut Stream,
    me: &NodeName,
    secret: Option<&Secret>,
    knows: impl FnOnce(&NodeName) -> Result<(), String>,
) -> Result<Hello, Trouble> {
    let hello = match hear(stream).await? {
        Word::Hello(hello) => hello,
        other => return Err(unexpected(other)),
    };
    let met = meets(&hello, me).and_then(|()| {
        knows(&hello.from).map_err(|why| {
            format!("the certificate of who says it is {}: {why}; this node is {me}", hello.from)
        })
    });
    let proven = match (met, secret) {
        (Ok(()), Some(secret)) => challenge(stream, &hello, secret).await?,
        (met, _) => met,
    };
    if let Err(reason) = proven {
        say(stream, &Word::Refused { reason: reason.clone() }).await?;
        return Err(Trouble::Refuse(reason));
    }
    Ok(hello)
}

/// Ends the greeting.
pub(super) async fn welcome(stream: &mut Stream, welcome: &Welcome) -> io::Result<()> {
    say(stream, &Word::Welcome(welcome.clone())).await
}

fn meets(hello: &Hello, me: &NodeName) -> Result<(), String> {
    if hello.link != LINK {
        return Err(format!(
            "{} speaks version {} of the link, {me} speaks {LINK}",
            hello.from, hello.link
        ));
    }
    if hello.to != *me {
        return Err(format!("{} looks for {} here, but this is {me}", hello.from, hello.to));
    }
    match hello.from == *me {
        true => Err(format!("who calls says that it is {me}, as this node is")),
        false => Ok(()),
    }
}

async fn challenge(
    stream: &mut Stream,
    hello: &Hello,
    secret: &Secret,
) -> Result<Result<(), String>, Trouble> {
    let nonce = random();
    let proof = secret.prove(&hello.proven("host", &nonce));
    say(stream, &Word::Challenge { nonce: nonce.clone(), proof }).await?;
    match hear(stream).await? {
        Word::Proof { proof } if secret.proves(&hello.proven("dialler", &nonce), &proof) => {
            Ok(Ok(()))
        }
        Word::Proof { .. } => Ok(Err(format!(
            "who says it is {} does not know the secret of {}",
            hello.from, hello.to
        ))),
        other => Err(unexpected(other)),
    }
}

fn unexpected(word: Word) -> Trouble {
    match word {
        Word::Refused { reason } => Trouble::Refused(reason),
        other => Trouble::Refuse(format!(
            "it answers with {} where another word is due; \
             are both with TLS, or both without?",
            name_of(&other)
        )),
    }
}

fn name_of(word: &Word) -> &'static str {
    match word {
        Word::Hello(_) => "hello",
        Word::Challenge { .. } => "a challenge",
        Word::Proof { .. } => "a proof",
        Word::Welcome(_) => "a welcome",
        Word::Refused { .. } => "a refusal",
    }
}

async fn say(stream: &mut Stream, word: &Word) -> io::Result<()> {
    let text = serde_json::to_vec(word)?;
    let length = u16::try_from(text.len()).map_err(io::Error::other)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend(text);
    stream.write_all(&frame).await?;
    stream.flush().await
}

async fn hear(stream: &mut Stream) -> io::Result<Word> {
    let length = usize::from(stream.read_u16().await?);
    if length > BYTES_MAX {
        return Err(io::Error::other(
            "what it says is no greeting of a node; are both with TLS, or both without?",
        ));
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(word: &Word, text: &str) {
        assert_eq!(serde_json::to_string(word).expect("text"), text);
        let more = text.replacen('}', r#","since":"version 2"}"#, 1);
        assert_eq!(&serde_json::from_str::<Word>(&more).expect("a word"), word);
    }

    #[test]
    fn golden_greetings_are_said_as_ever() {
        let (from, to) = ("a".parse().expect("a name"), "b".parse().expect("a name"));
        let hello = Hello { nonce: "00".to_owned(), ..Hello::new(&from, &to, &Config::default()) };
        golden(
            &Word::Hello(hello),
            concat!(
                r#"{"greeting":"hello","link":1,"from":"a","to":"b","#,
                r#""frame_bytes_max":1048576,"silence_ms":2000,"nonce":"00"}"#
            ),
        );
        golden(
            &Word::Challenge { nonce: "00".to_owned(), proof: "11".to_owned() },
            r#"{"greeting":"challenge","nonce":"00","proof":"11"}"#,
        );
        golden(&Word::Proof { proof: "11".to_owned() }, r#"{"greeting":"proof","proof":"11"}"#);
        golden(
            &Word::Welcome(Welcome { token: "00".to_owned(), ..Welcome::new(7, 1024) }),
            r#"{"greeting":"welcome","token":"00","credits":7,"frame_bytes_max":1024}"#,
        );
        golden(
            &Word::Refused { reason: "no".to_owned() },
            r#"{"greeting":"refused","reason":"no"}"#,
        );
    }
}
