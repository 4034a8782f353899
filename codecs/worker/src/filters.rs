//! One filter graph from decoded pictures to every size: deinterlaced, at a constant rate,
//! upright, in BT.709, with square pixels.
//!
//! Each size is scaled from the next larger, which costs about half of scaling each from the
//! source. High dynamic range is scaled down first, since tone mapping works in floats.

use crate::failure::{During as _, Failure, Result};
use ffmpeg::color::{Primaries, Range, Space, TransferCharacteristic as Transfer};
use ffmpeg::{filter, frame};
use ffmpeg_next as ffmpeg;
use playhouse_codecs::media::VideoInfo;
use playhouse_codecs::rate::FrameRate;
use std::fmt::Write as _;

/// What comes in, as the filters see it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incoming {
    width: u32,
    height: u32,
    format: ffmpeg::format::Pixel,
    space: Space,
    primaries: Primaries,
    transfer: Transfer,
    full_range: bool,
}

impl Incoming {
    pub(crate) fn of(picture: &frame::Video) -> Self {
        Self {
            width: picture.width(),
            height: picture.height(),
            format: picture.format(),
            space: picture.color_space(),
            primaries: picture.color_primaries(),
            transfer: picture.color_transfer_characteristic(),
            full_range: picture.color_range() == Range::JPEG,
        }
    }

    /// What untagged pictures mean is decided by their size, as players do.
    fn matrix(&self) -> &'static str {
        match self.space {
            Space::BT709 => "bt709",
            Space::BT2020NCL | Space::BT2020CL => "bt2020",
            Space::SMPTE240M => "smpte240m",
            Space::FCC => "fcc",
            Space::SMPTE170M | Space::BT470BG => "bt601",
            _ if self.height.max(self.width) >= 1280 => "bt709",
            _ => "bt601",
        }
    }
}

/// What goes out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    /// Constant rate of the frames' numbers; as they come when `None`.
    pub(crate) rate: Option<FrameRate>,
    /// Sizes in pixels, largest first.
    pub(crate) sizes: Vec<(u32, u32)>,
    /// Full range, for JPEG.
    pub(crate) full_range: bool,
}

/// The graph's description in FFmpeg's syntax.
pub(crate) fn describe(media: &VideoInfo, incoming: &Incoming, outgoing: &Outgoing) -> String {
    let mut chain = Vec::new();
    if media.interlaced {
        chain.push("bwdif=mode=send_frame:deint=interlaced".to_owned());
    }
    if let Some(rate) = outgoing.rate {
        chain.push(format!("fps=fps={}/{}:round=near", rate.num, rate.den));
    }
    chain.extend(upright(media.rotation).map(str::to_owned));
    chain.extend(colour(media, incoming, outgoing));
    let mut graph = format!("[in]{}", chain.join(","));
    cascade(&mut graph, outgoing);
    graph
}

fn upright(rotation: u16) -> Option<&'static str> {
    match rotation {
        90 => Some("transpose=clock"),
        180 => Some("hflip,vflip"),
        270 => Some("transpose=cclock"),
        _ => None,
    }
}

/// Brings the largest size into BT.709, 8 bits.
fn colour(media: &VideoInfo, incoming: &Incoming, outgoing: &Outgoing) -> Vec<String> {
    let (width, height) = outgoing.sizes[0];
    let out_range = if outgoing.full_range { "pc" } else { "tv" };
    let scale = |extra: &str| format!("scale={width}:{height}:flags=bicubic{extra}");
    let last = format!("format={}", pixel_format(outgoing));
    let wide = incoming.matrix() == "bt2020";
    if media.hdr {
        let transfer = match incoming.transfer {
            Transfer::ARIB_STD_B67 => "arib-std-b67",
            _ => "smpte2084",
        };
        let range = if incoming.full_range { "pc" } else { "tv" };
        return vec![
            scale(""),
            format!(
                "zscale=pin=bt2020:min=bt2020nc:tin={transfer}:rin={range}:t=linear:npl=100,\
                 format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,\
                 zscale=t=bt709:m=bt709:r={out_range}"
            ),
            last,
        ];
    }
    if wide {
        let primaries = match incoming.primaries {
            Primaries::BT709 => "bt709",
            _ => "bt2020",
        };
        return vec![
            scale(""),
            format!(
                "zscale=pin={primaries}:min=bt2020nc:tin=bt709:p=bt709:t=bt709:m=bt709:\
                 r={out_range}"
            ),
            last,
        ];
    }
    let matrix = incoming.matrix();
    let range = if incoming.full_range { ":in_range=pc" } else { "" };
    let to =
        format!("{range}:in_color_matrix={matrix}:out_color_matrix=bt709:out_range={out_range}");
    vec![scale(&to), last]
}

fn pixel_format(outgoing: &Outgoing) -> &'static str {
    if outgoing.full_range { "yuvj420p" } else { "yuv420p" }
}

/// Each size from the next larger: `split` gives one picture out and one on.
fn cascade(graph: &mut String, outgoing: &Outgoing) {
    let last = outgoing.sizes.len() - 1;
    for (at, (width, height)) in outgoing.sizes.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = match at {
            0 => Ok(()),
            _ => write!(graph, ";[on{at}]scale={width}:{height}:flags=bicubic"),
        };
        let _ = match at {
            _ if at == last => write!(graph, ",setsar=1[out{at}]"),
            _ => write!(graph, ",setsar=1,split[out{at}][on{}]", at + 1),
        };
    }
}

/// A configured graph.
pub(crate) struct Graph {
    graph: filter::Graph,
    outputs: Vec<String>,
}

impl Graph {
    /// Configures the graph for what comes in; `time_base` is that of the incoming timestamps.
    ///
    /// # Errors
    /// When FFmpeg cannot convert what comes in.
    pub(crate) fn new(
        media: &VideoInfo,
        incoming: &Incoming,
        outgoing: &Outgoing,
        time_base: (i32, i32),
    ) -> Result<Self> {
        let find = |name: &str| {
            filter::find(name).ok_or_else(|| Failure::internal(format!("no filter {name}")))
        };
        let mut graph = filter::Graph::new();
        let format: ffmpeg::ffi::AVPixelFormat = incoming.format.into();
        let arguments = format!(
            "video_size={}x{}:pix_fmt={}:time_base={}/{}:pixel_aspect=1/1",
            incoming.width, incoming.height, format as i32, time_base.0, time_base.1
        );
        graph.add(&find("buffer")?, "in", &arguments).during("the graph's input")?;
        let outputs: Vec<_> = (0..outgoing.sizes.len()).map(|at| format!("out{at}")).collect();
        for name in &outputs {
            graph.add(&find("buffersink")?, name, "").during("a graph's output")?;
        }
        let mut parser = graph.output("in", 0)?;
        for name in &outputs {
            parser = parser.input(name, 0)?;
        }
        let description = describe(media, incoming, outgoing);
        parser.parse(&description).during(&format!("the filters {description}"))?;
        graph.validate().during(&format!("the filters {description}"))?;
        Ok(Self { graph, outputs })
    }

    /// Puts a picture in.
    ///
    /// # Errors
    /// Of the filters.
    pub(crate) fn push(&mut self, picture: &frame::Video) -> Result<()> {
        self.context("in")?.source().add(picture).during("filtering")
    }

    /// No more pictures come.
    ///
    /// # Errors
    /// Of the filters.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.context("in")?.source().flush().during("ending the filters")
    }

    /// The next picture of size `at`, if one is ready.
    ///
    /// # Errors
    /// Of the filters.
    pub(crate) fn pull(&mut self, at: usize) -> Result<Option<frame::Video>> {
        let mut picture = frame::Video::empty();
        let name = self.outputs[at].clone();
        match self.context(&name)?.sink().frame(&mut picture) {
            Ok(()) => Ok(Some(picture)),
            Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: libc::EAGAIN }) => Ok(None),
            Err(error) => Err(error).during("filtering"),
        }
    }

    fn context(&mut self, name: &str) -> Result<filter::Context> {
        self.graph.get(name).ok_or_else(|| Failure::internal("a filter is gone"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const RATE: FrameRate = FrameRate { num: 25, den: 1 };

    fn film() -> (VideoInfo, Incoming) {
        let media = VideoInfo {
            index: 0,
            codec: "h264".into(),
            width: 1920,
            height: 1080,
            display_width: 1920,
            display_height: 1080,
            rotation: 0,
            mean_fps: 25.0,
            start_s: 0.0,
            duration_s: 10.0,
            pixel_format: "yuv420p".into(),
            bit_depth: 8,
            hdr: false,
            interlaced: false,
        };
        let incoming = Incoming {
            width: 1920,
            height: 1080,
            format: ffmpeg::format::Pixel::YUV420P,
            space: Space::Unspecified,
            primaries: Primaries::Unspecified,
            transfer: Transfer::Unspecified,
            full_range: false,
        };
        (media, incoming)
    }

    fn check(media: &VideoInfo, incoming: &Incoming, sizes: &[(u32, u32)], expected: &Expect) {
        let outgoing = Outgoing { rate: Some(RATE), sizes: sizes.to_vec(), full_range: false };
        let graph = describe(media, incoming, &outgoing);
        expected.assert_eq(&graph.replace(',', ",\n").replace(';', ";\n"));
    }

    /// Each rung is scaled from the next larger; colours of an untagged large film stay.
    #[test]
    fn rungs_are_scaled_in_a_cascade() {
        let (media, incoming) = film();
        let expected = expect![[r#"
            [in]fps=fps=25/1:round=near,
            scale=1920:1080:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709:out_range=tv,
            format=yuv420p,
            setsar=1,
            split[out0][on1];
            [on1]scale=1280:720:flags=bicubic,
            setsar=1,
            split[out1][on2];
            [on2]scale=640:360:flags=bicubic,
            setsar=1[out2]"#]];
        check(&media, &incoming, &[(1920, 1080), (1280, 720), (640, 360)], &expected);
    }

    #[test]
    fn an_interlaced_turned_picture_of_standard_definition_is_put_right() {
        let (mut media, mut incoming) = film();
        (media.interlaced, media.rotation) = (true, 90);
        (incoming.width, incoming.height) = (720, 576);
        check(
            &media,
            &incoming,
            &[(360, 640)],
            &expect![[r#"
            [in]bwdif=mode=send_frame:deint=interlaced,
            fps=fps=25/1:round=near,
            transpose=clock,
            scale=360:640:flags=bicubic:in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv,
            format=yuv420p,
            setsar=1[out0]"#]],
        );
    }

    /// Tone mapping costs by the pixel, so it comes after the first scaling.
    #[test]
    fn high_dynamic_range_is_scaled_before_it_is_mapped() {
        let (mut media, mut incoming) = film();
        media.hdr = true;
        incoming.transfer = Transfer::ARIB_STD_B67;
        check(
            &media,
            &incoming,
            &[(640, 360)],
            &expect![[r#"
            [in]fps=fps=25/1:round=near,
            scale=640:360:flags=bicubic,
            zscale=pin=bt2020:min=bt2020nc:tin=arib-std-b67:rin=tv:t=linear:npl=100,
            format=gbrpf32le,
            zscale=p=bt709,
            tonemap=hable:desat=0,
            zscale=t=bt709:m=bt709:r=tv,
            format=yuv420p,
            setsar=1[out0]"#]],
        );
    }
}
