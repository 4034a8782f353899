//! Stories about entities, services and the tree.
