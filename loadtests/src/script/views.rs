//! `POST …/views` with a fresh Idempotency-Key each, over many contents in turn.

use super::Script;
use crate::target::{Content, Target};
use uuid::Uuid;

/// Views of contents in turn.
pub(crate) struct Views {
    target: Target,
    bearer: String,
    lines: Vec<String>,
    turn: usize,
    key: Uuid,
}

impl Views {
    /// Begins at another content for each `place`, so that connections do not walk in step.
    pub(crate) fn new(target: &Target, contents: &[Content], place: usize) -> Self {
        let line = |content: &Content| format!("POST /api/v1/content/{}/views", content.id);
        let lines = contents.iter().map(line).collect();
        let (target, bearer) = (target.clone(), target.bearer());
        Self { target, bearer, lines, turn: place, key: Uuid::now_v7() }
    }
}

impl Script for Views {
    fn next(&mut self, into: &mut Vec<u8>) {
        let line = &self.lines[self.turn % self.lines.len()];
        let headers = format!("{}Idempotency-Key: {}\r\n", self.bearer, self.key);
        self.target.write(line, &headers, b"", into);
    }

    fn answered(&mut self, acknowledged: bool) {
        if acknowledged {
            self.turn += 1;
            self.key = Uuid::now_v7();
        }
    }
}
