//! Who the server is, asked in each of the ways that a URL can name.
//!
//! `PLAYHOUSE_TEST_POSTGRES_CA` and `PLAYHOUSE_TEST_PGBOUNCER_CA` name the files of the two
//! servers' authorities, which sign for nobody else.

use crate::server::{Database, Way, variable};
use playhouse_storage::Stores;
use tempfile::TempDir;

/// Opens the stores with a mode and an authority; answers why not.
async fn open(database: &Database, mode: &str, authority: &str) -> Result<(), String> {
    let mut config = database.config();
    let url = config.catalog.split('?').next().unwrap().to_owned();
    config.catalog = format!("{url}?sslmode={mode}");
    config.postgres.ca_file = authority.to_owned();
    config.postgres.tries_max = 1;
    let folder = TempDir::new().unwrap();
    let opened = Stores::open(&config, folder.path()).await;
    opened.map(drop).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_believed_by_its_own_authority_only() {
    let own = variable("PLAYHOUSE_TEST_POSTGRES_CA");
    let other = variable("PLAYHOUSE_TEST_PGBOUNCER_CA");
    let database = Database::new(Way::Direct).await;
    for (mode, authority) in
        [("disable", ""), ("prefer", ""), ("require", ""), ("verify-full", own.as_str())]
    {
        assert_eq!(open(&database, mode, authority).await, Ok(()), "{mode}");
    }
    let stranger = open(&database, "verify-full", &other).await.unwrap_err();
    assert!(stranger.contains("certificate"), "{stranger}");
    let nobody = open(&database, "verify-full", "").await.unwrap_err();
    assert!(nobody.contains("storage.postgres.ca_file"), "{nobody}");
}
