//! Embeds the web pages: every file of `web/dist`, or a placeholder that says how to build them,
//! so that a plain `cargo build` works without node.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Playhouse</title><h1>Playhouse</h1><p>This build has no pages. Make them, then build \
    again:</p><pre>npm --prefix web ci &amp;&amp; npm --prefix web run build</pre>\
    <p>The API is there: <a href=\"/docs\">/docs</a>.</p></html>";
const PAGES: [&str; 5] = ["index.html", "watch.html", "insights.html", "upload.html", "admin.html"];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    let web = manifest.join("../web");
    let dist = web.join("dist");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", watched(&web, &dist).display());
    let mut files = Vec::new();
    if dist.join(PAGES[0]).is_file() {
        collect(&dist, &dist, &mut files)?;
        files.sort();
    }
    let built = !files.is_empty();
    if !built {
        let page = out.join("placeholder.html");
        fs::write(&page, PLACEHOLDER)?;
        files = PAGES.iter().map(|name| ((*name).to_owned(), page.clone())).collect();
    }
    fs::write(out.join("pages.rs"), table(&files, built))
}

/// What tells cargo that the pages have changed. A path that does not exist would mean "always";
/// `web` itself is watched only while it is small, before its packages are installed.
fn watched(web: &Path, dist: &Path) -> PathBuf {
    let small = web.is_dir() && !web.join("node_modules").exists();
    if !dist.exists() && small { web.to_owned() } else { dist.to_owned() }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push((name.to_string_lossy().into_owned(), path.canonicalize()?));
        }
    }
    Ok(())
}

fn table(files: &[(String, PathBuf)], built: bool) -> String {
    let mut text = format!("pub(super) const BUILT: bool = {built};\n");
    text.push_str("pub(super) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let path = path.display().to_string();
        writeln!(text, "    ({name:?}, include_bytes!({path:?})),").expect("memory has room");
    }
    text.push_str("];\n");
    text
}
