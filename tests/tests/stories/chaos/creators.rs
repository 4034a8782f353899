//! Creators who upload one film after the other, each with a client that asks again.

use playhouse_tests::client::Client;
use playhouse_tests::patient;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Creators at once.
const CREATORS: usize = 2;
/// Between two uploads of one creator: what is uploaded must be encoded, too.
const PAUSE: Duration = Duration::from_secs(3);

/// Creators of one film.
pub(super) struct Creators {
    client: Client,
    bytes: Vec<u8>,
    until: Instant,
    contents: Rc<RefCell<Vec<String>>>,
}

impl Creators {
    pub(super) fn new(client: Client, bytes: Vec<u8>, until: Instant) -> Self {
        Self { client, bytes, until, contents: Rc::default() }
    }

    /// Contents whose upload has been acknowledged whole; grows as they go on.
    pub(super) fn published(&self) -> Rc<RefCell<Vec<String>>> {
        Rc::clone(&self.contents)
    }

    /// Uploads until the time is over, then ends what has begun. Answers the contents.
    pub(super) async fn upload_on_and_on(&self) -> Vec<String> {
        let creators = (0..CREATORS).map(|_| self.one());
        futures_util::future::join_all(creators).await;
        self.contents.borrow().clone()
    }

    async fn one(&self) {
        while Instant::now() < self.until {
            // A creation that was refused or broken off made nothing that was promised.
            if let Ok((location, content)) = patient::create(&self.client, self.bytes.len()).await {
                let offset = Cell::new(0);
                let uploaded = patient::upload(&self.client, &location, &self.bytes, &offset).await;
                uploaded.expect("an acknowledged byte is never lost");
                self.contents.borrow_mut().push(content);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
