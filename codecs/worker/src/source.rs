//! The source: descriptor 4, read by position, so that several readers share it. It is the file
//! itself, or a socket over which the node serves byte ranges of it.
//!
//! The cell has no paths, so FFmpeg reads through this. Only demuxers that hold their media
//! themselves are allowed: playlists and scripts (`hls`, `concat`, `sdp`, `image2`) name other
//! files and are refused by name.

#![allow(unsafe_code)]

use crate::failure::{During as _, Failure, Result};
use ffmpeg::format::context::{Input, StreamIo};
use ffmpeg_next as ffmpeg;
use playhouse_codecs::worker::{SOURCE_FD, ranges};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd as _;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Demuxers that are taken, by FFmpeg's names.
const DEMUXERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,\
                        live_flv,ogg,flac,mp3,wav,w64,aiff,caf,aac,ac3,eac3,asf,mxf,amr";
/// Bytes of a read: large enough that a position read costs little beside what it brings.
const BUFFER_BYTES: usize = 256 << 10;
/// How far FFmpeg looks for stream parameters: enough for a transport stream of high rate.
const PROBE_BYTES: &str = "20000000";
/// The same in microseconds of content.
const ANALYZE_US: &str = "10000000";

/// A reader with its own position over the shared descriptor.
pub(crate) struct SourceFile {
    position: u64,
}

impl SourceFile {
    pub(crate) fn new() -> Self {
        Self { position: 0 }
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> io::Result<u64> {
        match shared()? {
            Shared::File(file) => file.metadata().map(|metadata| metadata.len()),
            Shared::Served { size, .. } => Ok(*size),
        }
    }

    /// Fills `buffer` from `offset` as far as there is content.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let shared = shared()?;
        let mut filled = 0;
        while filled < buffer.len() {
            match shared.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// What all readers share.
enum Shared {
    File(ManuallyDrop<File>),
    Served {
        /// One question at a time: the readers are few, and what they wait for is the decoder.
        stream: Mutex<ManuallyDrop<UnixStream>>,
        size: u64,
    },
}

fn shared() -> io::Result<&'static Shared> {
    static SHARED: OnceLock<io::Result<Shared>> = OnceLock::new();
    let shared = SHARED.get_or_init(Shared::adopt).as_ref();
    shared.map_err(|error| io::Error::new(error.kind(), error.to_string()))
}

impl Shared {
    /// Takes the descriptor for what it is.
    fn adopt() -> io::Result<Self> {
        // SAFETY: the descriptor is open by the protocol for as long as the process lives, and
        // `ManuallyDrop` never closes it.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(SOURCE_FD) });
        if !file.metadata()?.file_type().is_socket() {
            return Ok(Self::File(file));
        }
        // SAFETY: as above; the file made of it is not used any more.
        let mut stream = ManuallyDrop::new(unsafe { UnixStream::from_raw_fd(SOURCE_FD) });
        let mut size = [0; ranges::SIZE_BYTES];
        stream.read_exact(&mut size)?;
        Ok(Self::Served { stream: Mutex::new(stream), size: u64::from_be_bytes(size) })
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read_at(buffer, offset),
            Self::Served { stream, .. } => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                ranges::ask(&mut **stream, buffer, offset)
            }
        }
    }
}

impl Read for SourceFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = shared()?.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for SourceFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => self.size()?.checked_add_signed(delta),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Opens the container anew, with a position of its own.
///
/// # Errors
/// `NotMedia` when no allowed demuxer takes it.
pub(crate) fn open() -> Result<Input> {
    let stream = StreamIo::from_read_seek_with_capacity(SourceFile::new(), BUFFER_BYTES)
        .during("opening the source")?;
    let mut options = ffmpeg::Dictionary::new();
    options.set("format_whitelist", DEMUXERS);
    options.set("protocol_whitelist", "none");
    options.set("probesize", PROBE_BYTES);
    options.set("analyzeduration", ANALYZE_US);
    ffmpeg::format::input_from_stream(stream, None, Some(options)).map_err(|error| match error {
        ffmpeg::Error::InvalidData | ffmpeg::Error::Other { errno: libc::EINVAL } => {
            Failure::not_media("no container that is taken: neither its name nor its bytes fit one")
        }
        ffmpeg::Error::Eof => Failure::truncated("the file ends within its own header"),
        other => Failure::internal(format!("opening the source: {other}")),
    })
}
