//! Which sources are taken.
