//! AAC-LC's decoder configuration (ISO/IEC 14496-3, 1.6.2.1).

/// RFC 6381 codecs string of AAC-LC.
pub const AAC_CODECS: &str = "mp4a.40.2";

/// `AudioSpecificConfig` of AAC-LC at 48 kHz with frames of 1,024 samples.
///
/// `channels` is 1 or 2; the field is the channel configuration, whose numbers are the same.
#[must_use]
pub fn aac_lc_config(channels: u16) -> Vec<u8> {
    const OBJECT_AAC_LC: u16 = 2;
    const INDEX_48_KHZ: u16 = 3;
    let config = OBJECT_AAC_LC << 11 | INDEX_48_KHZ << 7 | (channels & 0xf) << 3;
    config.to_be_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::aac_lc_config;

    #[test]
    fn the_two_configurations_are_the_well_known_ones() {
        assert_eq!(aac_lc_config(1), [0x11, 0x88]);
        assert_eq!(aac_lc_config(2), [0x11, 0x90]);
    }
}
