//! H.264 between an encoder's byte stream and MP4 (ISO/IEC 14496-15, 5.3; 14496-10, annex B).
//!
//! `avc1` keeps the parameter sets in the header alone, so they are taken out of the samples: a
//! rendition has one configuration from its first segment to its last.

const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;
const NAL_DELIMITER: u8 = 9;

/// `avc1.64001e`: the codecs string (RFC 6381, 3.3) of an `AVCDecoderConfigurationRecord`.
#[must_use]
pub fn avc_codecs(avcc: &[u8]) -> Option<String> {
    match avcc {
        [1, profile, constraints, level, _, _, _, ..] => {
            Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"))
        }
        _ => None,
    }
}

/// The `AVCDecoderConfigurationRecord` of an encoder's extradata, four-byte NAL lengths.
///
/// `None` when the extradata has no usable sequence and picture parameter set.
#[must_use]
pub fn avcc_from_annexb(extradata: &[u8]) -> Option<Vec<u8>> {
    let of_type = |kind: u8| -> Vec<&[u8]> {
        nal_units(extradata).filter(|nal| nal[0] & 0x1f == kind).collect()
    };
    let (sps, pps) = (of_type(NAL_SPS), of_type(NAL_PPS));
    let first = *sps.first()?;
    if first.len() < 4 || pps.is_empty() || sps.len() > 31 || pps.len() > 255 {
        return None;
    }
    let mut out = vec![1, first[1], first[2], first[3], 0xff, 0xe0 | sps.len() as u8];
    append_sets(&mut out, &sps)?;
    out.push(pps.len() as u8);
    append_sets(&mut out, &pps)?;
    if matches!(first[1], 100 | 110 | 122 | 144) {
        let format = SampleFormat::read(first)?;
        out.extend([0xfc | format.chroma, 0xf8 | format.luma_depth, 0xf8 | format.chroma_depth]);
        out.push(0);
    }
    Some(out)
}

/// A coded picture as NAL units with four-byte lengths.
///
/// Parameter sets stay out (they are in the header), delimiters too (`avc1` has no use for them).
#[must_use]
pub fn annexb_to_lengths(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 16);
    for nal in nal_units(data) {
        if matches!(nal[0] & 0x1f, NAL_SPS | NAL_PPS | NAL_DELIMITER) {
            continue;
        }
        out.extend_from_slice(&u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(nal);
    }
    out
}

fn append_sets(out: &mut Vec<u8>, sets: &[&[u8]]) -> Option<()> {
    for set in sets {
        out.extend_from_slice(&u16::try_from(set.len()).ok()?.to_be_bytes());
        out.extend_from_slice(set);
    }
    Some(())
}

/// The NAL units between start codes, without trailing zeros, none empty.
fn nal_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(data);
    std::iter::from_fn(move || {
        let current = rest?;
        let end = start_code(current).unwrap_or(current.len());
        rest = after_start_code(&current[end..]);
        Some(trim_zeros(&current[..end]))
    })
    .filter(|nal| !nal.is_empty())
}

fn after_start_code(data: &[u8]) -> Option<&[u8]> {
    start_code(data).map(|at| &data[at + 3..])
}

fn start_code(data: &[u8]) -> Option<usize> {
    data.windows(3).position(|window| window == [0, 0, 1])
}

fn trim_zeros(nal: &[u8]) -> &[u8] {
    let end = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &nal[..end]
}

/// What the record repeats of a high profile's sequence parameter set.
struct SampleFormat {
    chroma: u8,
    luma_depth: u8,
    chroma_depth: u8,
}

impl SampleFormat {
    /// ISO/IEC 14496-10, 7.3.2.1.1: id, chroma format (and its extra bit), two bit depths.
    fn read(sps: &[u8]) -> Option<Self> {
        let payload = without_emulation(sps.get(4..)?);
        let mut bits = Bits { bytes: &payload, position: 0 };
        bits.exp_golomb()?;
        let chroma = bits.exp_golomb()?;
        if chroma == 3 {
            bits.bit()?;
        }
        let (luma, chroma_depth) = (bits.exp_golomb()?, bits.exp_golomb()?);
        (chroma <= 3 && luma <= 6 && chroma_depth <= 6).then_some(Self {
            chroma: chroma as u8,
            luma_depth: luma as u8,
            chroma_depth: chroma_depth as u8,
        })
    }
}

/// Takes out each 3 that was put after two zeros (7.4.1.1).
fn without_emulation(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(u32::from(bit))
    }

    /// ue(v), 9.1; more than 16 leading zeros are no value that we read.
    fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 16 {
                return None;
            }
        }
        let mut value = 1;
        for _ in 0..zeros {
            value = value << 1 | self.bit()?;
        }
        Some(value - 1)
    }
}
