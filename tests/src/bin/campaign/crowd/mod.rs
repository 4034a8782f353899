//! A crowd of viewers, a creator and a server that counts views, for campaigns in which something
//! breaks meanwhile: what they were answered, and whether all that was acknowledged is there, once.

mod book;
pub(crate) mod judge;
pub(crate) mod load;

pub(crate) use book::{Book, Figures, Kind};
pub(crate) use load::{Film, Kept, Load};
