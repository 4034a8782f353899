//! A crowd watches and posts views of one content while the node is killed: every view counts,
//! once, and every viewer is one viewer.
//!
//! Requests are sent twice, out of order, and again after they were cut; `PLAYHOUSE_SEED=n`
//! repeats the choices. `campaign views` is the same with very many.

use crate::shared;
use playhouse_tests::sandbox::Sandbox;
use playhouse_tests::views::{self, Options};

#[tokio::test]
async fn every_view_counts_once_however_often_the_node_dies() {
    let seed = std::env::var("PLAYHOUSE_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 16 | 0x9e37);
    eprintln!("PLAYHOUSE_SEED={seed}");

    let mut sandbox = Sandbox::started(&[]).await;
    let owner = sandbox.admin();
    let content = owner.upload(shared::clip_bytes(), "filename YS5tcDQ=").await;
    shared::wait_complete(&owner, &content).await;
    let crowd = Options {
        events: 300,
        contents: vec![content],
        kills: 2,
        players_max: 75,
        connections: 8,
        seed,
    };
    let report = views::run(&mut sandbox, &crowd).await.expect("everything is acknowledged");
    assert!(report.verdict.faults.is_empty(), "{report:#?}");
    assert_eq!(report.strikes.len(), 2);
    assert!(report.verdict.expected > 250, "{report:#?}");
}
