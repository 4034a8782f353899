//! Which route a request took, told of requests that are kept: found again by its path, so that no
//! request pays for it that is not.

/// The pattern of the route table that a path fits; of several, the one that says most literally.
pub(super) fn of(path: &str) -> Option<&'static str> {
    let fitting = crate::routes::patterns().iter().filter(|pattern| fits(pattern, path));
    fitting.copied().min_by_key(|pattern| pattern.matches('{').count())
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for expected in pattern.split('/') {
        if expected.starts_with("{*") {
            return true;
        }
        match parts.next() {
            Some(part) if expected.starts_with('{') && !part.is_empty() => {}
            Some(part) if part == expected => {}
            Some(_) | None => return false,
        }
    }
    parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_path_is_called_by_its_route() {
        for (path, route) in [
            ("/", Some("/")),
            ("/healthz", Some("/healthz")),
            ("/api/v1/uploads/session", Some("/api/v1/uploads/session")),
            ("/api/v1/uploads/0199", Some("/api/v1/uploads/{upload_id}")),
            ("/media/0199/master.m3u8", Some("/media/{id}/master.m3u8")),
            ("/media/0199/360p/00001.m4s", Some("/media/{id}/{file}/{segment}")),
            ("/admin/api/actors/encode/pool/restart", Some("/admin/api/actors/{*path}")),
            ("/nowhere", None),
            ("/media//master.m3u8", None),
        ] {
            assert_eq!(of(path), route, "{path}");
        }
    }
}
