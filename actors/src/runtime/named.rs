//! The kind of a message, as an operator reads it: the name of its variant.

/// A message whose kind has a name. Every enum that derives `strum::IntoStaticStr` is one.
pub trait Named {
    /// The name of the variant.
    fn name(&self) -> &'static str;
}

impl<T> Named for T
where
    for<'a> &'a T: Into<&'static str>,
{
    fn name(&self) -> &'static str {
        self.into()
    }
}
