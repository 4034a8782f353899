//! Nested boxes with their sizes (ISO/IEC 14496-12, 4.2).
//!
//! A box's size stands before its content, so it is written as zero and mended when the content
//! is complete: sizes cannot be forgotten or wrong.

/// Bytes of a file or a box under construction.
#[derive(Default)]
pub(super) struct Boxes {
    bytes: Vec<u8>,
}

impl Boxes {
    /// A box with the content that `fill` writes.
    pub(super) fn nest(&mut self, kind: &[u8; 4], fill: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.u32(0).raw(kind);
        fill(self);
        let size = self.bytes.len() - start;
        self.set_u32(start, u32::try_from(size).unwrap_or(u32::MAX));
    }

    /// A box with version and flags.
    pub(super) fn full(
        &mut self,
        kind: &[u8; 4],
        (version, flags): (u8, u32),
        fill: impl FnOnce(&mut Self),
    ) {
        self.nest(kind, |b| {
            b.u32(u32::from(version) << 24 | flags);
            fill(b);
        });
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(value);
        self
    }

    pub(super) fn zeros(&mut self, count: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len() + count, 0);
        self
    }

    /// Ends a chain that is a closure's only expression.
    pub(super) fn end(&mut self) {}

    /// Where the next byte goes.
    pub(super) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Mends four bytes that have been written before.
    pub(super) fn set_u32(&mut self, position: usize, value: u32) {
        self.bytes[position..position + 4].copy_from_slice(&value.to_be_bytes());
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
