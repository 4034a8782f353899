//! The whole route table. `openapi.json` describes the same rows; a test holds the two equal.

use crate::problem::Problem;
use crate::site::Site;
use crate::uploads::session;
use crate::{
    App, Gateway, admin, content, docs, engagement, events, health, me, media, metrics, pages,
    playback, uploads, worker,
};
use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use std::sync::OnceLock;

fn table() -> Vec<Row> {
    vec![
        row(Method::OPTIONS, "/api/v1/uploads", uploads::options),
        row(Method::POST, "/api/v1/uploads", uploads::create),
        row(Method::OPTIONS, "/api/v1/uploads/{upload_id}", uploads::options),
        row(Method::HEAD, "/api/v1/uploads/{upload_id}", uploads::look),
        row(Method::PATCH, "/api/v1/uploads/{upload_id}", uploads::append),
        row(Method::DELETE, "/api/v1/uploads/{upload_id}", uploads::terminate),
        row(Method::POST, "/api/v1/uploads/{upload_id}", uploads::overridden),
        row(Method::POST, "/api/v1/uploads/session", session::begin),
        row(Method::GET, "/api/v1/uploads/session/{session_id}", session::look),
        row(Method::DELETE, "/api/v1/uploads/session/{session_id}", session::abort),
        row(Method::POST, "/api/v1/uploads/session/{session_id}/parts", session::announce),
        row(Method::PUT, "/api/v1/uploads/session/{session_id}/parts/{part_number}", session::put),
        row(Method::POST, "/api/v1/uploads/session/{session_id}/complete", session::complete),
        row(Method::GET, "/api/v1/content", content::list),
        row(Method::GET, "/api/v1/content/{id}", content::show),
        row(Method::PATCH, "/api/v1/content/{id}", content::change),
        row(Method::DELETE, "/api/v1/content/{id}", content::delete),
        row(Method::GET, "/api/v1/content/{id}/events", events::watch),
        row(Method::GET, "/api/v1/content/{id}/engagement", engagement::show),
        row(Method::GET, "/api/v1/content/{id}/engagement/stream", engagement::watch),
        row(Method::POST, "/api/v1/content/{id}/views", engagement::count),
        row(Method::PUT, "/api/v1/content/{id}/like", engagement::like),
        row(Method::DELETE, "/api/v1/content/{id}/like", engagement::unlike),
        row(Method::GET, "/api/v1/content/{id}/insights", engagement::insights),
        row(Method::GET, "/api/v1/content/{id}/analytics", engagement::analytics),
        row(Method::POST, "/api/v1/playback/sessions", playback::open),
        row(Method::POST, "/api/v1/playback/sessions/{id}/events", playback::tell),
        row(Method::GET, "/api/v1/playback/sessions/{id}/explain", playback::explain),
        row(Method::GET, "/media/{id}/master.m3u8", media::multivariant),
        row(Method::GET, "/media/{id}/manifest.mpd", media::mpd),
        row(Method::GET, "/media/{id}/{file}", media::picture),
        row(Method::GET, "/media/{id}/{file}/index.m3u8", media::playlist),
        row(Method::GET, "/media/{id}/{file}/{segment}", media::segment),
        row(Method::GET, "/api/v1/me", me::show),
        row(Method::GET, "/admin/api/dead-letters", admin::dead_letters),
        row(Method::POST, "/admin/api/dead-letters/{id}/replay", admin::replay),
        row(Method::GET, "/admin/api/tree", admin::tree),
        row(Method::GET, "/admin/api/tree/stream", admin::watch_tree),
        row(Method::GET, "/admin/api/actors/", admin::node),
        row(Method::GET, "/admin/api/actors/{*path}", admin::show),
        row(Method::POST, "/admin/api/actors/{*path}", admin::order),
        row(Method::GET, "/admin/api/audit", admin::audit),
        row(Method::GET, "/admin/api/jobs", admin::jobs),
        row(Method::GET, "/admin/api/logs", admin::logs),
        row(Method::PUT, "/admin/api/logs", admin::change_logs),
        row(Method::GET, "/admin/api/cluster", admin::cluster),
        row(Method::GET, "/admin/api/shards", admin::shards),
        row(Method::GET, "/admin/api/route/{content_id}", admin::route),
        row(Method::POST, "/admin/api/nodes/{id}/drain", admin::drain),
        row(Method::POST, "/admin/api/nodes/{id}/resume", admin::resume),
        row(Method::POST, "/worker/api/ask", worker::ask),
        row(Method::POST, "/worker/api/hints", worker::hints),
        row(Method::GET, "/healthz", health::alive),
        row(Method::GET, "/readyz", health::ready),
        row(Method::GET, "/metrics", metrics::show),
        row(Method::GET, "/", pages::index),
        row(Method::GET, "/watch/{id}", pages::watch),
        row(Method::GET, "/insights/{id}", pages::insights),
        row(Method::GET, "/upload", pages::upload),
        row(Method::GET, "/admin", pages::admin),
        row(Method::GET, "/assets/{*path}", pages::asset),
        row(Method::GET, "/favicon.ico", pages::favicon),
        row(Method::GET, "/favicon.svg", pages::favicon),
        row(Method::GET, "/openapi.json", docs::openapi),
        row(Method::GET, "/docs", docs::page),
    ]
}

/// The path of every route.
pub(crate) fn patterns() -> &'static [&'static str] {
    static PATTERNS: OnceLock<Vec<&str>> = OnceLock::new();
    PATTERNS.get_or_init(|| table().iter().map(|row| row.path).collect())
}

/// The service of every route.
pub fn site(gateway: Gateway) -> Site {
    let app = App::from(gateway);
    let json_bytes_max = app.config.json_body_bytes_max;
    let routes = table()
        .into_iter()
        .fold(Router::new(), |router, row| router.route(row.path, row.route))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app);
    Site::new(routes, json_bytes_max)
}

struct Row {
    #[cfg_attr(not(test), expect(dead_code, reason = "held against openapi.json by a test"))]
    method: Method,
    path: &'static str,
    route: MethodRouter<App>,
}

fn row<H: Handler<T, App>, T: 'static>(method: Method, path: &'static str, handler: H) -> Row {
    let filter = MethodFilter::try_from(method.clone()).expect("the table has known methods only");
    let counted = metrics::Route::new(method.clone(), path);
    Row { method, path, route: on(filter, metrics::measured(handler, counted)) }
}

async fn unknown() -> Problem {
    Problem::not_found("there is nothing here; /docs lists what there is")
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "this address does not take this method; the header Allow lists those that it takes",
    )
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::admin::ORDERS;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn spec() -> Value {
        serde_json::from_str(include_str!("../openapi.json")).unwrap()
    }

    #[test]
    fn openapi_describes_every_route_and_no_other() {
        let routes: BTreeSet<_> =
            table().iter().map(|row| (row.path.to_owned(), row.method.to_string())).collect();
        let spec = spec();
        let mut described = BTreeSet::new();
        for (path, methods) in spec["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                // A path takes all that follows: the orders to an actor are one route.
                let path = match path.split_once("{path}") {
                    Some((before, _)) => format!("{before}{{*path}}"),
                    None => path.clone(),
                };
                described.insert((path, method.to_uppercase()));
            }
        }
        assert_eq!(routes, described);
    }

    #[test]
    fn openapi_describes_every_order_and_no_other() {
        let spec = spec();
        let paths = spec["paths"].as_object().unwrap().keys();
        let described: BTreeSet<_> =
            paths.filter_map(|path| path.strip_prefix("/admin/api/actors/{path}/")).collect();
        assert_eq!(described, ORDERS.into_iter().map(|(name, _)| name).collect());
    }
}
