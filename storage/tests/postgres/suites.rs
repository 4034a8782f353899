//! The suites of the ports that live in the catalog, on both ways to the server.

use crate::contract;
use crate::server::{Database, Way};

macro_rules! suites {
    ($name:ident, $way:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_catalog_keeps_its_contract() {
                let database = Database::new($way).await;
                contract::catalog::check(database.open().await.catalog.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_catalog_keeps_its_fences() {
                let database = Database::new($way).await;
                contract::fences::check(database.open().await.catalog.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_timers_keep_their_contract() {
                let database = Database::new($way).await;
                contract::timers::check(database.open().await.catalog.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_audit_log_keeps_its_contract() {
                let database = Database::new($way).await;
                contract::audit::check(database.open().await.catalog.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_viewers_keep_their_contract() {
                let database = Database::new($way).await;
                contract::playback::check(&*database.open().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_counts_keep_their_contract() {
                let database = Database::new($way).await;
                contract::engagement::check(&*database.open().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_sums_keep_their_contract() {
                let database = Database::new($way).await;
                contract::analytics::check(&*database.open().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_members_keep_their_contract() {
                let database = Database::new($way).await;
                contract::membership::check(&*database.open().await, &*database.open().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn the_jobs_keep_their_contract() {
                let database = Database::new($way).await;
                let (node, other) = (database.open().await, database.open().await);
                contract::jobs::check(node.catalog.clone(), node.jobs.clone(), other.jobs.clone())
                    .await;
            }
        }
    };
}

suites!(direct, Way::Direct);
suites!(pooled, Way::Pooled);
