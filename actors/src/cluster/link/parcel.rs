//! What one node's link says to another's: the message of the one actor that can be reached from
//! other nodes.
//!
//! It is made for the carrier by hand, not derived: a derived message that cannot be read ends its
//! actor, so one malformed frame of a peer would make this node deaf.

use ractor::RpcReplyPort;
use ractor::message::{BoxedDowncastErr, SerializedMessage};

/// What a parcel is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An envelope that wants its answer.
    Ask,
    /// Is anybody there?
    Beat,
    /// Notes that may get lost; the answer says that there is room for more.
    Notes,
    /// Something of another version.
    Strange(String),
}

impl What {
    fn text(self) -> String {
        match self {
            Self::Ask => "ask".to_owned(),
            Self::Beat => "beat".to_owned(),
            Self::Notes => "notes".to_owned(),
            Self::Strange(text) => text,
        }
    }

    fn read(text: String) -> Self {
        match text.as_str() {
            "ask" => Self::Ask,
            "beat" => Self::Beat,
            "notes" => Self::Notes,
            _ => Self::Strange(text),
        }
    }
}

/// One message to the mailbox of another node. All of them are answered.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) what: What,
    /// Which connection it comes over: known to its dialler only, so nobody can use the name of
    /// another node.
    pub(super) token: String,
    pub(super) body: Vec<u8>,
    /// `None` when it was sent in a way that this link never sends.
    pub(super) reply: Option<RpcReplyPort<Vec<u8>>>,
}

impl ractor::Message for Parcel {
    fn serializable() -> bool {
        true
    }

    fn serialize(self) -> Result<SerializedMessage, BoxedDowncastErr> {
        let variant = self.what.text();
        let metadata = Some(self.token.into_bytes());
        Ok(match self.reply {
            Some(reply) => SerializedMessage::Call { variant, args: self.body, reply, metadata },
            None => SerializedMessage::Cast { variant, args: self.body, metadata },
        })
    }

    fn deserialize(message: SerializedMessage) -> Result<Self, BoxedDowncastErr> {
        let (variant, body, metadata, reply) = match message {
            SerializedMessage::Call { variant, args, reply, metadata } => {
                (variant, args, metadata, Some(reply))
            }
            SerializedMessage::Cast { variant, args, metadata } => (variant, args, metadata, None),
            SerializedMessage::CallReply(_, body) => ("reply".to_owned(), body, None, None),
        };
        let token = String::from_utf8(metadata.unwrap_or_default()).unwrap_or_default();
        Ok(Self { what: What::read(variant), token, body, reply })
    }
}
