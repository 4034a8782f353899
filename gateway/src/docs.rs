//! The API's description of itself: `/openapi.json`, kept by hand beside the routes, and a page
//! rendered from it for people.

use crate::pages;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use std::fmt::Write as _;

const OPENAPI: &str = include_str!("../openapi.json");
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1rem;color:#1b1b1f;background:#fff}code{background:#f1f1f4;padding:.1em .3em;\
    border-radius:4px}section{border-top:1px solid #ddd;margin-top:1.5rem;padding-top:.5rem}\
    h3{margin:.6rem 0 .2rem}b.m{display:inline-block;min-width:5rem;color:#b3122b}\
    ul{margin:.3rem 0}@media(prefers-color-scheme:dark){body{color:#eee;background:#17171a}\
    code{background:#2a2a30}section{border-color:#333}b.m{color:#ff7d8f}}";
const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// GET `/openapi.json`.
pub(crate) async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (kind, OPENAPI).into_response()
}

/// GET `/docs`.
pub(crate) async fn page() -> Response {
    let spec: Value = serde_json::from_str(OPENAPI).expect("a test reads the same text");
    pages::plain(render(&spec))
}

fn render(spec: &Value) -> String {
    let title = text(&spec["info"], "title");
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><p>{}</p><p>For programs: <a href=\"/openapi.json\">/openapi.json</a></p>",
        text(&spec["info"], "description")
    );
    for (path, methods) in spec["paths"].as_object().unwrap_or(&Map::new()) {
        html.push_str(&section(path, methods));
    }
    html.push_str(&problems(&spec["x-problems"]));
    html
}

fn section(path: &str, methods: &Value) -> String {
    let mut html = format!("<section><h2><code>{}</code></h2>", escape(path));
    for method in METHODS {
        if let Some(operation) = methods.get(method) {
            html.push_str(&one(method, operation));
        }
    }
    html + "</section>"
}

fn one(method: &str, operation: &Value) -> String {
    let mut html = format!(
        "<h3><b class=\"m\">{}</b> {}</h3><p>{}</p><ul>",
        method.to_uppercase(),
        text(operation, "summary"),
        text(operation, "description"),
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (text(parameter, "name"), text(parameter, "in"));
        let what = text(parameter, "description");
        item(&mut html, &format!("{name} ({place})"), &what);
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        item(&mut html, status, &text(response, "description"));
    }
    html + "</ul>"
}

fn problems(list: &Value) -> String {
    let mut html =
        "<section><h2>Problems</h2><p>The last part of <code>type</code>:</p><ul>".to_owned();
    for (code, what) in list.as_object().into_iter().flatten() {
        let code = escape(code);
        let what = escape(what.as_str().unwrap_or_default());
        write!(html, "<li id=\"problem-{code}\"><code>{code}</code> {what}</li>")
            .expect("memory has room");
    }
    html + "</ul></section>"
}

fn item(html: &mut String, name: &str, what: &str) {
    write!(html, "<li><code>{name}</code> {what}</li>").expect("memory has room");
}

fn text(value: &Value, key: &str) -> String {
    escape(value[key].as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_path_and_loads_nothing() {
        let spec: Value = serde_json::from_str(OPENAPI).unwrap();
        let html = render(&spec);
        for path in spec["paths"].as_object().unwrap().keys() {
            assert!(html.contains(&format!("<code>{path}</code>")), "{path}");
        }
        for outside in ["<script", "src=", "http://", "@import"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn every_problem_that_is_sent_is_explained() {
        let spec: Value = serde_json::from_str(OPENAPI).unwrap();
        let explained = spec["x-problems"].as_object().unwrap();
        for code in ["not-found", "token-expired", "bad-event", "stream-limit", "storage-full"] {
            assert!(explained.contains_key(code), "{code}");
        }
    }
}
