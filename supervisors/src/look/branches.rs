//! The order of the rows, and the branches in front of their names.
//!
//! A page may begin in the middle of the tree: an actor whose parent is not on it is a root there,
//! and is told by its whole path.

use super::text::clean;
use playhouse_actors::runtime::inspect::view::{ActorView, TreePage};
use std::collections::{HashMap, HashSet};

/// One row of the table.
pub(super) struct Row<'p> {
    /// Whose.
    pub(super) actor: &'p ActorView,
    /// `│  ├─ ` and the like.
    pub(super) branch: String,
    /// What stands behind the branch.
    pub(super) name: String,
    /// Children that the page does not have.
    pub(super) unseen: u64,
}

/// The rows of a page: a tree, or the list as it comes.
pub(super) fn rows(page: &TreePage, flat: bool) -> Vec<Row<'_>> {
    if flat { page.actors.iter().map(listed).collect() } else { tree(page) }
}

/// In a list nobody's children are expected.
fn listed(actor: &ActorView) -> Row<'_> {
    Row { actor, branch: String::new(), name: whole(actor), unseen: 0 }
}

fn tree(page: &TreePage) -> Vec<Row<'_>> {
    let mut children: HashMap<&str, Vec<&ActorView>> = HashMap::new();
    let mut roots = Vec::new();
    let mut known: HashSet<&str> = HashSet::new();
    for actor in &page.actors {
        // Parents come before their children, so nobody can be above themselves.
        match actor.parent.as_deref().filter(|parent| known.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(actor),
            None => roots.push(actor),
        }
        known.insert(&actor.path);
    }
    let mut rows = Vec::with_capacity(page.actors.len());
    // (actor, what stands before its own branch, whether it is the last; none for a root)
    let mut waiting: Vec<(&ActorView, String, Option<bool>)> =
        roots.into_iter().rev().map(|root| (root, String::new(), None)).collect();
    while let Some((actor, before, last)) = waiting.pop() {
        let below = children.remove(actor.path.as_str()).unwrap_or_default();
        let unseen = actor.children.saturating_sub(below.len() as u64);
        let (branch, further, name) = match last {
            None => (String::new(), String::new(), whole(actor)),
            Some(false) => (format!("{before}├─ "), format!("{before}│  "), clean(&actor.name)),
            Some(true) => (format!("{before}└─ "), format!("{before}   "), clean(&actor.name)),
        };
        rows.push(Row { actor, branch, name, unseen });
        for (at, child) in below.into_iter().rev().enumerate() {
            waiting.push((child, further.clone(), Some(at == 0)));
        }
    }
    rows
}

/// What an actor is called outside of its tree; the node itself has neither name nor path.
pub(super) fn whole(actor: &ActorView) -> String {
    if actor.path.is_empty() { "node".to_owned() } else { clean(&actor.path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::examples;

    fn drawn(page: &TreePage, flat: bool) -> Vec<String> {
        rows(page, flat).into_iter().map(|row| format!("{}{}", row.branch, row.name)).collect()
    }

    #[test]
    fn a_page_from_the_middle_of_the_tree_has_roots_of_its_own() {
        let mut page = examples::node();
        page.actors.retain(|actor| actor.path.starts_with("encode"));
        let all = drawn(&page, false);
        assert_eq!(all[..3], ["encode", "└─ pool", "   └─ job-0192aa"], "{all:#?}");
        page.actors.remove(0);
        assert_eq!(drawn(&page, false)[..2], ["encode/pool", "└─ job-0192aa"]);
        assert_eq!(drawn(&page, true), ["encode/pool", "encode/pool/job-0192aa"]);
    }

    #[test]
    fn a_page_that_contradicts_itself_loses_no_row_and_ends() {
        let mut page = examples::node();
        for actor in &mut page.actors {
            actor.parent = Some(actor.path.clone());
        }
        let twice = page.actors[1].clone();
        page.actors.push(twice);
        assert_eq!(rows(&page, false).len(), page.actors.len());
    }
}
