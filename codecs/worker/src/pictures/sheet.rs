//! The seek bar's sheet: a grid of tiles in one picture, black where the content has ended.

use super::{Stills, fitted};
use crate::failure::{Failure, Result};
use ffmpeg::{color, format, frame};
use ffmpeg_next as ffmpeg;
use playhouse_codecs::worker::Storyboard;

/// Pixels of a sheet at most: 48 MB while it is made, and what a browser decodes at once.
const PIXELS_MAX: u64 = 32 << 20;
/// Largest side of a JPEG.
const SIDE_MAX: u32 = 65_500;

/// Makes the sheet.
///
/// # Errors
/// `PlanMismatch` when it would be too large.
pub(super) fn make(stills: &mut Stills<'_>, board: &Storyboard) -> Result<frame::Video> {
    let (width, height) = fitted(stills.media, board.tile_width);
    let mut sheet = blank(sheet_side(board.columns, width)?, sheet_side(board.rows, height)?)?;
    let interval_s = board.interval_ms as f64 / 1_000.0;
    for tile in 0..board.columns * board.rows {
        let at_s = f64::from(tile) * interval_s;
        if at_s >= stills.media.duration_s {
            break;
        }
        // A key frame half an interval early saves decoding up to the exact time.
        let Some((_, picture)) = stills.at(at_s, interval_s / 2.0)? else { continue };
        let still = stills.convert(&picture, (width, height))?;
        let (column, row) = (tile % board.columns, tile / board.columns);
        paste(&mut sheet, &still, column * width, row * height);
    }
    Ok(sheet)
}

fn sheet_side(count: u32, tile: u32) -> Result<u32> {
    let side = count.checked_mul(tile).filter(|side| (1..=SIDE_MAX).contains(side));
    side.ok_or_else(|| Failure::mismatch("a storyboard of such a size cannot be made"))
}

fn blank(width: u32, height: u32) -> Result<frame::Video> {
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Failure::mismatch("a storyboard of so many pixels is not made"));
    }
    let mut sheet = frame::Video::new(format::Pixel::YUVJ420P, width, height);
    sheet.set_color_range(color::Range::JPEG);
    sheet.data_mut(0).fill(0);
    sheet.data_mut(1).fill(128);
    sheet.data_mut(2).fill(128);
    Ok(sheet)
}

/// Copies a tile; all sizes are even, so that the halved planes fit too.
fn paste(sheet: &mut frame::Video, tile: &frame::Video, left: u32, top: u32) {
    for plane in 0..3 {
        let half = u32::from(plane > 0);
        let (left, top) = ((left >> half) as usize, (top >> half) as usize);
        let (width, height) = ((tile.width() >> half) as usize, (tile.height() >> half) as usize);
        let (from_stride, to_stride) = (tile.stride(plane), sheet.stride(plane));
        let (from, to) = (tile.data(plane), sheet.data_mut(plane));
        for row in 0..height {
            let line = &from[row * from_stride..][..width];
            to[(top + row) * to_stride + left..][..width].copy_from_slice(line);
        }
    }
}
