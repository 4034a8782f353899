//! `/admin/api/cluster`, `/admin/api/shards`, `/admin/api/route/{content_id}`: who is a member, who
//! owns what, and which way an ask would go. A node that is alone answers in the same shapes.
//!
//! The database has 1.5 s and the members 2.5 s: who has not answered by then is marked missing.

use super::{Reader, fresh, within};
use crate::App;
use crate::extract::{self, Params};
use crate::problem::{Answer, Problem};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use playhouse_actors::cluster::Wanted;
use playhouse_actors::cluster::{ClusterPicture, Known, RoutePicture, ShardsPage, Survey, Told};
use playhouse_storage::model::{ContentId, NodeName, SessionId, ShardId, UploadId, ViewerId};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

/// Most shards on a page, and how many when the client does not say: all of a cluster.
const SHARDS_MAX: u32 = 1_024;

/// The owner of what nobody owns: no node can be called so.
const NOBODY: &str = "-";

/// The query of a page of shards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShardParams {
    owner: Option<String>,
    limit: Option<u32>,
    cursor: Option<u16>,
}

/// The query of a route.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteParams {
    kind: Option<Kind>,
}

/// What an id is of.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Content,
    Upload,
    Session,
    Viewer,
}

/// The text of an id, before it is known of what.
pub(crate) struct Address(String);

impl FromRequestParts<App> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        path.map(|Path(text)| Self(text)).map_err(|error| Problem::not_found(error.body_text()))
    }
}

/// GET: members, leases, shards, links, what each member tells of itself.
pub(crate) async fn cluster(_: Reader, State(app): State<App>) -> Answer {
    let permit = place(&app)?;
    let survey = Survey::of(&app.platform).await?;
    let told = Told::of(&app.platform, &survey).await;
    drawn(permit, move || ClusterPicture::draw(&survey, told)).await
}

/// GET: shards by number, and how many there are of each.
pub(crate) async fn shards(
    _: Reader,
    State(app): State<App>,
    Params(params): Params<ShardParams>,
) -> Answer {
    let limit = within("limit", params.limit.unwrap_or(SHARDS_MAX), 1..=SHARDS_MAX)?;
    let owner = params.owner.as_deref().map(owner).transpose()?;
    let wanted = Wanted { owner, after: params.cursor.map(ShardId), limit: limit as usize };
    let permit = place(&app)?;
    let survey = Survey::of(&app.platform).await?;
    drawn(permit, move || ShardsPage::draw(&survey, &wanted)).await
}

/// GET: which way an ask for an id would go now.
pub(crate) async fn route(
    _: Reader,
    State(app): State<App>,
    Address(id): Address,
    Params(params): Params<RouteParams>,
) -> Answer {
    let kind = params.kind.unwrap_or_default();
    // Before the database is asked: what is no id has no shard.
    shard(kind, &id, 1)?;
    let permit = place(&app)?;
    let survey = Survey::of(&app.platform).await?;
    let shard = shard(kind, &id, survey.view.shard_count)?;
    let known = Known::of(&app.platform, &survey, shard);
    drawn(permit, move || RoutePicture::draw(&survey, id, shard, known)).await
}

fn owner(text: &str) -> Answer<Option<NodeName>> {
    if text == NOBODY {
        return Ok(None);
    }
    let wrong = |error| Problem::bad_request("bad-query", format!("owner: {error}; - is nobody"));
    text.parse().map(Some).map_err(wrong)
}

fn shard(kind: Kind, id: &str, count: u16) -> Answer<ShardId> {
    Ok(match kind {
        Kind::Content => extract::id::<ContentId>(id)?.shard(count),
        Kind::Upload => extract::id::<UploadId>(id)?.shard(count),
        Kind::Session => extract::id::<SessionId>(id)?.viewer().shard(count),
        Kind::Viewer => {
            let viewer: Result<ViewerId, _> = id.parse();
            let what = "there is nothing here: a viewer's id has 16 hexadecimal digits";
            viewer.map_err(|_| Problem::not_found(what))?.shard(count)
        }
    })
}

/// A place among those who look at the cluster.
fn place(app: &App) -> Answer<OwnedSemaphorePermit> {
    app.surveys.clone().try_acquire_owned().map_err(|_| {
        Problem::unavailable("busy", "too many look at the cluster from this node, try again", 1)
    })
}

/// Where every shard should be takes milliseconds of hashing, on a thread of its own.
async fn drawn<T: Serialize>(
    permit: OwnedSemaphorePermit,
    draw: impl FnOnce() -> T + Send + 'static,
) -> Answer {
    let write = move || {
        let _permit = permit;
        serde_json::to_string(&draw()).map_err(Problem::internal)
    };
    tokio::task::spawn_blocking(write).await.map_err(Problem::internal)?.map(fresh)
}
