//! The pictures of a content: candidates for the poster, and the seek bar's sheet of tiles.

use playhouse_actors::encode;
use playhouse_storage::model::{Content, Picture, PictureKind};
use serde_json::{Value, json};

/// The candidates for the poster.
pub(super) fn thumbnails(content: &Content) -> Vec<Value> {
    let candidates = of_kind(content, PictureKind::Thumbnail);
    candidates.map(|picture| thumbnail(content, picture)).collect()
}

/// The sheet of tiles and its grid, when there is one. The grid follows from the duration; the
/// size of a tile from the sheet that was made, since small pictures are not enlarged.
pub(super) fn storyboard(content: &Content) -> Option<Value> {
    let picture = of_kind(content, PictureKind::Storyboard).next()?;
    let grid = encode::storyboard(content.duration_s?);
    Some(json!({
        "url": url(content, picture),
        "columns": grid.columns,
        "rows": grid.rows,
        "tile_width": picture.width / grid.columns,
        "tile_height": picture.height / grid.rows,
        "interval_s": grid.interval_ms as f64 / 1_000.0,
    }))
}

fn thumbnail(content: &Content, picture: &Picture) -> Value {
    json!({
        "url": url(content, picture),
        "width": picture.width,
        "height": picture.height,
        "at_s": picture.at_ms as f64 / 1_000.0,
    })
}

fn of_kind(content: &Content, kind: PictureKind) -> impl Iterator<Item = &Picture> {
    content.pictures.iter().filter(move |picture| picture.kind == kind)
}

fn url(content: &Content, picture: &Picture) -> String {
    format!("/media/{}/{}", content.id, picture.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use expect_test::expect;

    #[test]
    fn a_seek_bar_is_told_where_each_tile_is() {
        let mut content = testing::content();
        assert_eq!(storyboard(&content), None);
        let sheet = Picture {
            kind: PictureKind::Storyboard,
            key: "pictures/2".into(),
            name: "storyboard.jpg".into(),
            width: 1_600,
            height: 180,
            at_ms: 0,
            bytes: 50_000,
        };
        content.pictures.push(sheet);
        expect![[r#"
            {
              "columns": 10,
              "interval_s": 1.0,
              "rows": 2,
              "tile_height": 90,
              "tile_width": 160,
              "url": "/media/01900000-0000-7000-8000-000000000001/storyboard.jpg"
            }"#]]
        .assert_eq(&format!("{:#}", storyboard(&content).unwrap()));
        assert_eq!(thumbnails(&content).len(), 1, "the sheet is no poster");
    }
}
