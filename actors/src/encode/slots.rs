//! Who may run: ordinary slots for everything, and one express slot that only short jobs take,
//! so that a fresh upload never waits behind a long encode. Pure.

use playhouse_storage::model::JobClass;

/// What makes a fresh content playable and presentable; seconds, not minutes.
const EXPRESS: [JobClass; 3] = [JobClass::Probe, JobClass::Opening, JobClass::Pictures];

/// A place for one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Ordinary,
    Express,
}

/// The places of a node.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    ordinary_free: usize,
    express_free: bool,
    /// Opening jobs under way: nothing that can wait may slow what makes a content play.
    opening: usize,
}

impl Slots {
    pub(super) fn new(ordinary: usize) -> Self {
        Self { ordinary_free: ordinary, express_free: true, opening: 0 }
    }

    /// Where others do all the work.
    pub(super) fn none() -> Self {
        Self { ordinary_free: 0, express_free: false, opening: 0 }
    }

    /// Classes that could start now; empty when all places are taken. Pictures wait for opening
    /// jobs: they would share the cores with them.
    pub(super) fn open_to(&self) -> Vec<JobClass> {
        let open: &[JobClass] = match (self.ordinary_free > 0, self.express_free) {
            (true, _) => &JobClass::ALL,
            (false, true) => &EXPRESS,
            (false, false) => &[],
        };
        let may = |class: &JobClass| *class != JobClass::Pictures || self.opening == 0;
        open.iter().copied().filter(may).collect()
    }

    /// Takes a place for a job of a class that [`Self::open_to`] has named. Short jobs take the
    /// express place first and leave the ordinary ones to those who have no other.
    pub(super) fn take(&mut self, class: JobClass) -> Slot {
        self.opening += usize::from(class == JobClass::Opening);
        if self.express_free && EXPRESS.contains(&class) {
            self.express_free = false;
            return Slot::Express;
        }
        self.ordinary_free = self.ordinary_free.saturating_sub(1);
        Slot::Ordinary
    }

    pub(super) fn give_back(&mut self, slot: Slot, class: JobClass) {
        self.opening -= usize::from(class == JobClass::Opening);
        match slot {
            Slot::Ordinary => self.ordinary_free += 1,
            Slot::Express => self.express_free = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_upload_starts_while_a_group_fills_the_node() {
        let mut slots = Slots::new(1);
        let group = slots.take(JobClass::Group);
        assert_eq!(group, Slot::Ordinary);
        assert_eq!(slots.open_to(), EXPRESS);
        assert_eq!(slots.take(JobClass::Probe), Slot::Express);
        assert!(slots.open_to().is_empty());
        slots.give_back(group, JobClass::Group);
        assert_eq!(slots.open_to(), JobClass::ALL);
    }

    #[test]
    fn a_node_that_leaves_the_work_to_others_takes_none() {
        assert!(Slots::none().open_to().is_empty());
    }

    #[test]
    fn short_jobs_leave_the_ordinary_place_to_long_ones() {
        let mut slots = Slots::new(1);
        assert_eq!(slots.take(JobClass::Opening), Slot::Express);
        assert_eq!(slots.take(JobClass::Opening), Slot::Ordinary);
        assert!(slots.open_to().is_empty());
    }

    #[test]
    fn pictures_wait_until_the_content_plays() {
        let mut slots = Slots::new(1);
        let opening = slots.take(JobClass::Opening);
        assert!(!slots.open_to().contains(&JobClass::Pictures));
        assert!(slots.open_to().contains(&JobClass::Group));
        slots.give_back(opening, JobClass::Opening);
        assert!(slots.open_to().contains(&JobClass::Pictures));
    }
}
