//! How many files and connections the process may hold open.
//!
//! Systems give a process 1024 descriptors unless it asks for more (a relic of `select`), far
//! below the bounds of the configuration. Without them the listener would wait, and stores would
//! fail to open what they need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors beside those of connections: the stores, workers, and files that are being served.
const BESIDE: u64 = 4_096;

/// Asks for as many as `connections` need, and says when the system does not allow it.
pub(crate) fn raise(connections: usize) {
    let needed = connections as u64 + BESIDE;
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= needed) {
        return;
    }
    let allowed = now.maximum.map_or(needed, |maximum| maximum.min(needed));
    let limit = Rlimit { current: Some(allowed), maximum: now.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    if allowed < needed {
        tracing::warn!(
            allowed,
            connections,
            "fewer open files are allowed than gateway.connections_max needs: raise the limit \
             (ulimit -n, LimitNOFILE=), or lower the key"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_allows_is_asked_for() {
        raise(10_000);
        let limit = getrlimit(Resource::Nofile);
        let most = limit.maximum.unwrap_or(u64::MAX);
        assert!(limit.current.is_none_or(|current| current >= most.min(14_096)));
    }
}
