//! Cards: what playing and counting must know of a content, kept so that a request for a segment
//! or a session reads no record.
//!
//! A card is dropped when a commit of this node changes its content, and by its age, since another
//! node may change it too. What was read before a commit is not kept after it: each stripe counts
//! its drops, and a card that was read before the last one is shown once and forgotten. While the
//! catalog is away or slow an old card serves on: what plays goes on.

use super::reading::{Reading, Told, is_away};
use crate::metrics::CacheMeter;
use playhouse_storage::Result;
use playhouse_storage::catalog::{Catalog, Write};
use playhouse_storage::model::{
    Content, ContentId, MediaKind, Rendition, RenditionState, Stage, Status,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Locks that the cards are spread over: look-ups of different contents seldom meet.
const STRIPES: usize = 16;

static LOOKS: CacheMeter = CacheMeter::new("cards");

/// What playing and counting must know of a content.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Which content.
    pub id: ContentId,
    /// Rises with each change of the record.
    pub version: u64,
    /// Subject of its creator.
    pub owner: String,
    /// Shown to viewers.
    pub title: String,
    /// What users are told.
    pub status: Status,
    /// Where its pipeline stands.
    pub stage: Stage,
    /// Taken back by its owner.
    pub unlisted: bool,
    /// Length in seconds, once known.
    pub duration_s: Option<f64>,
    /// Something of it plays (HLS).
    pub plays: bool,
    /// The MPD exists.
    pub dash: bool,
}

/// Cards of contents, a bounded number, the least recently used going first. Cheap to clone.
#[derive(Clone)]
pub struct Cards {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Arc<dyn Catalog>,
    stripes: [Mutex<Stripe>; STRIPES],
    ttl: Duration,
    stale: Duration,
    reading: Reading,
}

struct Stripe {
    slots: hashlink::LruCache<ContentId, Slot>,
    /// Rises with each drop.
    drops: u64,
}

struct Slot {
    /// None: a commit was abandoned half-way, so what is read until then may be old.
    card: Option<Arc<Card>>,
    until: Instant,
}

impl Cards {
    /// Cards of a catalog: at most about `max` of them, each for at most `ttl`, and for `stale`
    /// after that while the catalog is away.
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        max: usize,
        ttl: Duration,
        stale: Duration,
        reading: Reading,
    ) -> Self {
        let stripe = || {
            let slots = hashlink::LruCache::new(max.div_ceil(STRIPES));
            Mutex::new(Stripe { slots, drops: 0 })
        };
        let stripes = std::array::from_fn(|_| stripe());
        Self { inner: Arc::new(Inner { catalog, stripes, ttl, stale, reading }) }
    }

    /// The card of a content; none when there is no such content, which is not remembered.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn get(&self, content: ContentId) -> Result<Option<Arc<Card>>> {
        let known = self.look(content);
        LOOKS.looked(known.is_ok());
        let drops = match known {
            Ok(card) => return Ok(Some(card)),
            Err(drops) => drops,
        };
        let old = self.old(content).map(Some);
        match self.inner.reading.or_old(old, self.read(content), is_away).await {
            Told::Fresh(Ok(Some(card))) => {
                self.keep(&card, drops);
                Ok(Some(card))
            }
            Told::Fresh(read) => read,
            Told::Old(card) => Ok(card),
        }
    }

    async fn read(&self, content: ContentId) -> Result<Option<Arc<Card>>> {
        let catalog = &self.inner.catalog;
        let Some(record) = catalog.content(content).await? else { return Ok(None) };
        let renditions = catalog.renditions(content).await?;
        Ok(Some(Arc::new(Card::of(record, &renditions))))
    }

    /// A card whose time is over, for while the catalog is away.
    fn old(&self, content: ContentId) -> Option<Arc<Card>> {
        let mut stripe = self.stripe(content);
        let slot = stripe.slots.get(&content)?;
        slot.card.clone().filter(|_| Instant::now() < slot.until + self.inner.stale)
    }

    /// Forgets a card whose content was changed by someone else.
    pub fn forget(&self, content: ContentId) {
        let mut stripe = self.stripe(content);
        stripe.slots.remove(&content);
        stripe.drops += 1;
    }

    /// To be held while a commit changes the content, and ended when that is known to be over.
    pub(crate) fn changing(&self, content: ContentId) -> Changing<'_> {
        self.forget(content);
        Changing { cards: self, content, over: false }
    }

    /// The card, or how many drops there were before it is read anew.
    fn look(&self, content: ContentId) -> std::result::Result<Arc<Card>, u64> {
        let mut stripe = self.stripe(content);
        let now = Instant::now();
        let known = stripe.slots.get(&content).filter(|slot| now < slot.until);
        known.and_then(|slot| slot.card.clone()).ok_or(stripe.drops)
    }

    fn keep(&self, card: &Arc<Card>, drops: u64) {
        let mut stripe = self.stripe(card.id);
        let now = Instant::now();
        let unsure =
            stripe.slots.peek(&card.id).is_some_and(|slot| slot.card.is_none() && now < slot.until);
        if stripe.drops == drops && !unsure {
            let slot = Slot { card: Some(Arc::clone(card)), until: now + self.inner.ttl };
            stripe.slots.insert(card.id, slot);
        }
    }

    fn stripe(&self, content: ContentId) -> MutexGuard<'_, Stripe> {
        // The last bits of a UUIDv7 are random.
        let number = content.0.as_u128() as usize % STRIPES;
        self.inner.stripes[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A commit that changes a content is under way.
pub(crate) struct Changing<'a> {
    cards: &'a Cards,
    content: ContentId,
    over: bool,
}

impl Changing<'_> {
    /// The commit has an outcome.
    pub(crate) fn over(mut self) {
        self.over = true;
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.cards.forget(self.content);
        if !self.over {
            // Nobody waits for the commit any more and it may still land: no card for a while.
            let until = Instant::now() + self.cards.inner.ttl;
            let slot = Slot { card: None, until };
            self.cards.stripe(self.content).slots.insert(self.content, slot);
        }
    }
}

impl Card {
    /// The card of a record.
    #[must_use]
    pub fn of(content: Content, renditions: &[Rendition]) -> Self {
        let plays = content.published_at.is_some() && content.status != Status::Blocked;
        Self {
            id: content.id,
            version: content.row_version,
            owner: content.owner,
            title: content.title,
            status: content.status,
            stage: content.stage,
            unlisted: content.unlisted,
            duration_s: content.duration_s,
            plays,
            dash: plays && has_mpd(renditions),
        }
    }
}

/// The MPD exists when the lowest rung and the sound that goes with it are complete.
#[must_use]
pub fn has_mpd(renditions: &[Rendition]) -> bool {
    let of = |kind| renditions.iter().filter(move |rendition| rendition.kind == kind);
    let lowest = of(MediaKind::Video).min_by_key(|rendition| rendition.position);
    let sound = match lowest.and_then(|rendition| rendition.spec.get("audio")?.as_str()) {
        Some(name) => of(MediaKind::Audio).find(|rendition| rendition.name == name),
        None if lowest.is_none() => of(MediaKind::Audio).min_by_key(|it| it.position),
        None => None,
    };
    let complete =
        |it: Option<&Rendition>| it.is_none_or(|it| it.state == RenditionState::Complete);
    lowest.or(sound).is_some() && complete(lowest) && complete(sound)
}

/// True when a card may say something else after this write.
pub(crate) fn shows(write: &Write) -> bool {
    match write {
        Write::InsertContent(_)
        | Write::UpdateContent(_)
        | Write::DeleteContent(_)
        | Write::InsertRendition(_)
        | Write::UpdateRendition(_) => true,
        Write::InsertUpload(_)
        | Write::UpdateUpload(_)
        | Write::InsertSegment(_)
        | Write::DeleteSegments(..)
        | Write::InsertJob(_)
        | Write::RequeueJob { .. }
        | Write::FinishJob { .. }
        | Write::HoldJob { .. }
        | Write::DeleteJobs(_)
        | Write::InsertDeadLetter(_)
        | Write::ReplayDeadLetter(..)
        | Write::SetTimer { .. }
        | Write::ClearTimer { .. }
        | Write::HoldContent(_)
        | Write::InsertCounter(_)
        | Write::UpdateCounter(_)
        | Write::SettleFacts(_)
        | Write::AddViews(..)
        | Write::InsertLike { .. }
        | Write::DeleteLike { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use playhouse_storage::Stores;

    const TTL: Duration = Duration::from_secs(10);
    const STALE: Duration = Duration::from_secs(60);

    /// Cards that know one content, and what goes before a fill of another reader.
    struct Deck {
        cards: Cards,
        card: Arc<Card>,
        _stores: Stores,
        _folder: tempfile::TempDir,
    }

    impl Deck {
        async fn new(max: usize) -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let config = playhouse_storage::Config::default();
            let stores = Stores::open(&config, folder.path()).await.expect("the stores open");
            let cards = Cards::new(stores.catalog.clone(), max, TTL, STALE, Reading::new(TTL));
            Self { cards, card: Arc::new(card()), _stores: stores, _folder: folder }
        }

        /// A reader finds no card and reads the record.
        fn read(&self) -> u64 {
            self.cards.look(self.card.id).expect_err("no card is known yet")
        }

        fn knows(&self) -> bool {
            self.cards.look(self.card.id).is_ok()
        }
    }

    fn card() -> Card {
        Card {
            id: ContentId::new(),
            version: 1,
            owner: "ada".into(),
            title: "A film".into(),
            status: Status::Published,
            stage: Stage::Done,
            unlisted: false,
            duration_s: Some(12.0),
            plays: true,
            dash: true,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_card_is_kept_until_it_is_old() {
        let deck = Deck::new(64).await;
        let drops = deck.read();
        deck.cards.keep(&deck.card, drops);
        tokio::time::advance(TTL - Duration::from_millis(1)).await;
        assert!(deck.knows());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!deck.knows());
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_card_serves_for_a_while_unless_something_changed() {
        let deck = Deck::new(64).await;
        let drops = deck.read();
        deck.cards.keep(&deck.card, drops);
        let is_there = || deck.cards.old(deck.card.id).is_some();
        tokio::time::advance(TTL + STALE - Duration::from_millis(1)).await;
        assert!(!deck.knows() && is_there());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!is_there());
        let drops = deck.read();
        deck.cards.keep(&deck.card, drops);
        drop(deck.cards.changing(deck.card.id));
        assert!(!is_there(), "it may have been blocked");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_before_a_commit_is_not_kept_after_it() {
        let deck = Deck::new(64).await;
        let before = deck.read();
        let changing = deck.cards.changing(deck.card.id);
        let during = deck.read();
        changing.over();
        deck.cards.keep(&deck.card, before);
        assert!(!deck.knows(), "read before the commit");
        deck.cards.keep(&deck.card, during);
        assert!(!deck.knows(), "read while it was under way");
        let after = deck.read();
        deck.cards.keep(&deck.card, after);
        assert!(deck.knows());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_kept_during_a_commit_goes_with_its_end() {
        let deck = Deck::new(64).await;
        let changing = deck.cards.changing(deck.card.id);
        let during = deck.read();
        deck.cards.keep(&deck.card, during);
        assert!(deck.knows());
        changing.over();
        assert!(!deck.knows());
    }

    /// A handler was killed in the middle of its commit, which landed later: viewers saw the old
    /// record until its age ended it.
    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_for_a_while_after_a_commit_that_nobody_waits_for() {
        let deck = Deck::new(64).await;
        drop(deck.cards.changing(deck.card.id));
        let drops = deck.read();
        deck.cards.keep(&deck.card, drops);
        assert!(!deck.knows(), "the commit may land now");
        tokio::time::advance(TTL).await;
        let drops = deck.read();
        deck.cards.keep(&deck.card, drops);
        assert!(deck.knows());
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_cards_is_bounded() {
        let deck = Deck::new(STRIPES).await;
        for _ in 0..1_000 {
            let other = Arc::new(card());
            let drops = deck.cards.look(other.id).expect_err("no card is known yet");
            deck.cards.keep(&other, drops);
        }
        let stripes = deck.cards.inner.stripes.iter();
        let kept: usize =
            stripes.map(|stripe| stripe.lock().expect("no test panics with it").slots.len()).sum();
        assert!((1..=STRIPES).contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_remembered() {
        let deck = Deck::new(64).await;
        assert_eq!(deck.cards.get(deck.card.id).await.expect("the catalog reads"), None);
        assert!(!deck.knows());
    }
}
