//! Where the node is and who asks: the options that every command towards a node takes.

use anyhow::{Context, Result};
use reqwest::Url;
use std::path::PathBuf;

/// `--server`, `--token` and `--data`.
#[derive(clap::Args)]
pub(crate) struct Access {
    /// Address of the node.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = server)]
    pub(crate) server: String,
    /// Bearer token; else PLAYHOUSE_TOKEN, else `admin-token` of `--data`.
    #[arg(long)]
    token: Option<String>,
    /// Data folder of a local node, for its `admin-token`.
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
}

impl Access {
    /// The bearer token.
    ///
    /// # Errors
    /// Says where it was looked for.
    pub(crate) fn token(&self) -> Result<String> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        if let Ok(token) = std::env::var("PLAYHOUSE_TOKEN") {
            return Ok(token);
        }
        let path = self.data.join("admin-token");
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("no --token, no PLAYHOUSE_TOKEN, and {} cannot be read", path.display())
        })?;
        Ok(text.trim().to_owned())
    }
}

/// An address without a slash at its end; wrong usage is told before anything is tried for long.
fn server(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("it begins with http:// or https://".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_nobody_could_reach_is_wrong_usage() {
        assert_eq!(server("http://127.0.0.1:8080/"), Ok("http://127.0.0.1:8080".to_owned()));
        for wrong in ["127.0.0.1:8080", "localhost:8080", "", "/run/node.sock"] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }
}
