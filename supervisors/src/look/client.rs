//! The node's inspector over HTTP: a page of the tree, a stream of pages, one actor, the cluster.
//!
//! Whatever answers at the address is not trusted with more than a bound of memory.

use super::attention;
use super::sse::Parser;
use crate::remote::{self, Break, answer};
use anyhow::Result;
use playhouse_actors::cluster::ClusterPicture;
use playhouse_actors::runtime::inspect::view::{ActorDetail, ActorView, TreePage};
use reqwest::{RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A page of a thousand actors has less than 2 MiB.
const PAGE_BYTES_MAX: usize = 8 << 20;
/// The node reads counters: what takes longer is not on its way. A stream speaks each second.
const SILENCE: Duration = Duration::from_secs(10);
/// What an answer should be, for who reads why it is not.
const TREE: &str = "actor tree";
/// Actors that are fetched in addition when the page does not have those in need.
const ELSEWHERE_MAX: usize = 50;

/// Which part of the tree is asked for, as the API calls it.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(pub(super) Vec<(&'static str, String)>);

/// A page, and those who need attention elsewhere.
pub(super) struct Look {
    /// What was asked for.
    pub(super) page: TreePage,
    /// Slow and stuck actors that it does not have.
    pub(super) elsewhere: Vec<ActorView>,
}

/// A node as an operator sees it.
pub(super) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl Client {
    /// A client of `server` (without a slash at its end).
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub(super) fn new(server: &str, token: &str) -> Result<Self> {
        let http = remote::http(Some(SILENCE))?;
        Ok(Self { http, server: server.to_owned(), token: token.to_owned() })
    }

    /// One look at the tree.
    ///
    /// # Errors
    /// [`Break`].
    pub(super) async fn look(&self, query: &Query) -> Result<Look, Break> {
        Ok(self.complete(self.page(query).await?).await)
    }

    /// One actor.
    ///
    /// # Errors
    /// [`Break`]; `Gone` when there is none.
    pub(super) async fn actor(&self, path: &str) -> Result<ActorDetail, Break> {
        let mut url = self.url("/admin/api/actors")?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        let request = self.http.get(url).bearer_auth(&self.token).timeout(SILENCE);
        json(answer(request).await?, TREE).await
    }

    /// The cluster, as the node sees it.
    ///
    /// # Errors
    /// [`Break`].
    pub(super) async fn cluster(&self) -> Result<ClusterPicture, Break> {
        let request = self.get("/admin/api/cluster")?.timeout(SILENCE);
        json(answer(request).await?, "cluster").await
    }

    /// Tells each page of the stream to `tell`, until the stream ends.
    ///
    /// # Errors
    /// [`Break`].
    pub(super) async fn follow(
        &self,
        query: &Query,
        mut tell: impl FnMut(Look),
    ) -> Result<(), Break> {
        let request = self.get("/admin/api/tree/stream")?.query(&query.0);
        let mut response = answer(request).await?;
        let mut parser = Parser::new(PAGE_BYTES_MAX);
        while let Some(bytes) = response.chunk().await.map_err(|error| remote::away(&error))? {
            let events = parser.feed(&bytes).map_err(refused)?;
            // Of several at once the newest counts.
            let Some(event) = events.into_iter().rfind(|event| event.name == "tree") else {
                continue;
            };
            let page = serde_json::from_str(&event.data).map_err(not_ours(TREE))?;
            tell(self.complete(page).await);
        }
        Ok(())
    }

    /// Those who need attention are named even when they are not on the page; when they cannot be
    /// fetched, the page still says how many there are.
    async fn complete(&self, page: TreePage) -> Look {
        let mut elsewhere = Vec::new();
        if attention::unseen(&page, &[]) > 0 {
            let most = ELSEWHERE_MAX.to_string();
            let query = Query(vec![("sort", "oldest".to_owned()), ("limit", most)]);
            elsewhere = self.page(&query).await.map_or_else(|_| Vec::new(), |page| page.actors);
        }
        Look { page, elsewhere }
    }

    async fn page(&self, query: &Query) -> Result<TreePage, Break> {
        let request = self.get("/admin/api/tree")?.query(&query.0);
        json(answer(request.timeout(SILENCE)).await?, TREE).await
    }

    fn get(&self, path: &str) -> Result<RequestBuilder, Break> {
        Ok(self.http.get(self.url(path)?).bearer_auth(&self.token))
    }

    fn url(&self, path: &str) -> Result<Url, Break> {
        Url::parse(&format!("{}{path}", self.server)).map_err(refused)
    }
}

async fn json<T: DeserializeOwned>(mut response: Response, what: &str) -> Result<T, Break> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| remote::away(&error))? {
        if body.len() + bytes.len() > PAGE_BYTES_MAX {
            return Err(Break::Refused(format!("an answer of more than {PAGE_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&bytes);
    }
    serde_json::from_slice(&body).map_err(not_ours(what))
}

fn refused(error: impl std::fmt::Display) -> Break {
    Break::Refused(error.to_string())
}

/// Another version of the node, or no node at all.
fn not_ours(what: &str) -> impl Fn(serde_json::Error) -> Break {
    move |error| Break::Refused(format!("the answer is no {what} that this program knows: {error}"))
}
