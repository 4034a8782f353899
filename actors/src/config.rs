//! The configuration of this crate.
/// Configuration of the actors.
#[derive(Clone, Debug, Default)]
pub struct Config {}
