//! What of a content decides who may see and play it, whether its record or its card is at hand.

use playhouse_actors::content::Card;
use playhouse_storage::model::{Content, Stage, Status};

/// What decides who may see and play a content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a> {
    pub(super) owner: &'a str,
    pub(super) status: Status,
    pub(super) stage: Stage,
    pub(super) unlisted: bool,
}

impl<'a> From<&'a Content> for Access<'a> {
    fn from(content: &'a Content) -> Self {
        Self {
            owner: &content.owner,
            status: content.status,
            stage: content.stage,
            unlisted: content.unlisted,
        }
    }
}

impl<'a> From<&'a Card> for Access<'a> {
    fn from(card: &'a Card) -> Self {
        Self { owner: &card.owner, status: card.status, stage: card.stage, unlisted: card.unlisted }
    }
}

/// True when everybody may see it.
pub(crate) fn is_public<'a>(content: impl Into<Access<'a>>) -> bool {
    let content = content.into();
    content.status == Status::Published && !content.unlisted && content.stage != Stage::Deleting
}
