//! How much can be seen on a picture: contrast of neighbours, not too dark, not too bright.

use ffmpeg::frame;
use ffmpeg_next as ffmpeg;

/// Mean brightness outside which a picture counts as a fade or a flash.
const DARK: f64 = 32.0;
const BRIGHT: f64 = 224.0;

/// Larger is better; below 1 for pictures that are black, white or of one colour.
pub(super) fn of(picture: &frame::Video) -> f64 {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    of_luma(picture.data(0), picture.stride(0), width, height)
}

fn of_luma(luma: &[u8], stride: usize, width: usize, height: usize) -> f64 {
    let rows = || luma.chunks(stride).take(height).filter_map(|row| row.get(..width));
    let count = (width * height).max(1) as f64;
    let mean = rows().flatten().map(|value| f64::from(*value)).sum::<f64>() / count;
    let edge = |pair: &[u8]| f64::from(pair[0].abs_diff(pair[1]));
    let across: f64 = rows().flat_map(|row| row.windows(2)).map(edge).sum();
    let sharpness = across / count;
    if (DARK..=BRIGHT).contains(&mean) { 1.0 + sharpness } else { sharpness / 256.0 }
}

#[cfg(test)]
mod tests {
    use super::of_luma;

    /// A film that fades in from black must not be shown as a black rectangle.
    #[test]
    fn a_sharp_picture_beats_a_blurred_one_and_any_beats_black() {
        let black = of_luma(&[0; 64], 8, 8, 8);
        let grey = of_luma(&[128; 64], 8, 8, 8);
        let sharp: Vec<u8> = (0..64).map(|at| if at % 2 == 0 { 40 } else { 200 }).collect();
        let blurred: Vec<u8> = (0..64).map(|at| if at % 2 == 0 { 110 } else { 130 }).collect();
        let (sharp, blurred) = (of_luma(&sharp, 8, 8, 8), of_luma(&blurred, 8, 8, 8));
        assert!(sharp > blurred && blurred > grey && grey > black);
    }
}
