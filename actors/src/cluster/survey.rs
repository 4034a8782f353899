//! What is known of the cluster at one moment, for an operator: by the database, or, while that
//! does not answer, as this node has seen it last. A node that is alone tells the same of itself.

use super::report::Reports;
use super::{Citizen, NodeReport, PeerState};
use crate::Platform;
use crate::runtime::Directory;
use jiff::Timestamp;
use playhouse_storage::Error;
use playhouse_storage::model::{Holding, Member, NodeLife, Phase, Rules, View};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The database has so long. With [`TELL_WITHIN`] it leaves room in the 5 s that an operator waits
/// at most.
const READ_WITHIN: Duration = Duration::from_millis(1_500);

/// The members have so long, all at the same time.
const TELL_WITHIN: Duration = Duration::from_millis(2_500);

/// The name of a node that has none, because it is alone.
const ALONE: &str = "local";

/// What is known of the cluster.
#[derive(Clone, Debug)]
pub struct Survey {
    /// This node is one of several.
    pub clustered: bool,
    /// Who tells it.
    pub by: NodeLife,
    /// Members and rules.
    pub view: Arc<View>,
    /// Who owns which shard.
    pub holdings: Arc<Vec<Holding>>,
    /// When it was read.
    pub at: Timestamp,
    /// Why it may be old, in one sentence; none when it was read just now.
    pub stale: Option<String>,
}

impl Survey {
    /// What is known now, within 1.5 s.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer and this node has never read it.
    pub async fn of(platform: &Platform) -> playhouse_storage::Result<Self> {
        let Some(citizen) = &platform.citizen else {
            return Ok(Self::alone(&platform.directory));
        };
        match timeout(READ_WITHIN, read(citizen)).await {
            Ok(Ok((view, holdings))) => Ok(Self {
                clustered: true,
                by: citizen.me().clone(),
                view: Arc::new(view),
                holdings: Arc::new(holdings),
                at: Timestamp::now(),
                stale: None,
            }),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the cluster could not be read for an operator");
                Self::remembered(citizen, "the database could not be read")
            }
            Err(_) => Self::remembered(citizen, "the database did not answer in time"),
        }
    }

    fn remembered(citizen: &Citizen, why: &str) -> playhouse_storage::Result<Self> {
        let seen = citizen.seen();
        let (Some(view), Some(at)) = (seen.view, seen.at) else {
            return Err(Error::Unavailable { what: format!("the cluster was never read: {why}") });
        };
        let stale = Some(format!("{why}: this is what {} saw last", citizen.me().name));
        let (by, holdings) = (citizen.me().clone(), seen.holdings);
        Ok(Self { clustered: true, by, view, holdings, at, stale })
    }

    fn alone(directory: &Directory) -> Self {
        let by = life_alone();
        let mut held = directory.held();
        held.sort_by_key(|fence| fence.shard);
        let owned = held.iter().map(|fence| Holding {
            shard: fence.shard,
            epoch: fence.epoch,
            owner: Some(by.clone()),
        });
        let member = Member {
            life: by.clone(),
            link: String::new(),
            http: String::new(),
            zone: String::new(),
            weight: 1,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            phase: Phase::Up,
            alive: true,
            lease_left_ms: 0,
            suspected_by: Vec::new(),
        };
        let view = View {
            version: 0,
            moves: 0,
            shard_count: u16::try_from(held.len()).unwrap_or(u16::MAX),
            members: vec![member],
            rules: Rules { members_min: 1, moves_max: 1, pins: BTreeMap::new() },
        };
        let (view, holdings) = (Arc::new(view), Arc::new(owned.collect()));
        Self { clustered: false, by, view, holdings, at: Timestamp::now(), stale: None }
    }
}

/// What the members tell of themselves, and how this node reaches them.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// By each living member, or why not.
    pub reports: Reports,
    /// The links of this node.
    pub links: Vec<PeerState>,
}

impl Told {
    /// Asks every living member of a survey, for 2.5 s at most.
    pub async fn of(platform: &Platform, survey: &Survey) -> Self {
        let Some(citizen) = &platform.citizen else {
            let report = NodeReport::alone(survey.by.clone(), &platform.directory);
            return Self { reports: [(survey.by.clone(), Ok(report))].into(), links: Vec::new() };
        };
        let reports = citizen.reports(&survey.view, TELL_WITHIN).await;
        Self { reports, links: citizen.peers() }
    }
}

fn life_alone() -> NodeLife {
    NodeLife { name: ALONE.parse().expect("it is a label of a host name"), incarnation: 1 }
}

async fn read(citizen: &Citizen) -> playhouse_storage::Result<(View, Vec<Holding>)> {
    let membership = citizen.membership();
    let view = membership.view(citizen.config().suspicion_fresh()).await?;
    Ok((view, membership.holdings().await?))
}
