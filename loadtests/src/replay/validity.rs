//! When a run is invalid: the generator did not do what the scenario says, so its figures mean
//! nothing, however good they look.

use crate::report::LATE_SHARE_MAX;
use crate::report::model::Counts;

/// Why a run's figures mean nothing; empty when they do.
pub(crate) fn invalid(counts: &Counts, unended: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    if counts.intended == 0 {
        reasons.push("nothing was asked after the warm-up".to_owned());
    }
    let spoiled = counts.late + counts.unsent;
    let share = spoiled as f64 / counts.intended.max(1) as f64;
    if share > LATE_SHARE_MAX {
        reasons.push(format!(
            "{} late and {} unsent of {} requests are {:.2} %, above {} %: the generator, not the \
             system, was measured; give it more threads, connections or cores, or lower the rate",
            counts.late,
            counts.unsent,
            counts.intended,
            100.0 * share,
            100.0 * LATE_SHARE_MAX,
        ));
    }
    if unended > 0 {
        reasons.push(format!("{unended} players or uploads did not come to an end"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_thousandth_late_or_unsent_makes_a_run_invalid() {
        let few = Counts { intended: 10_000, late: 10, ..Counts::default() };
        assert!(invalid(&few, 0).is_empty());
        let told = invalid(&Counts { unsent: 1, ..few.clone() }, 0);
        assert!(
            told[0].starts_with("10 late and 1 unsent of 10000 requests are 0.11 %"),
            "{told:?}"
        );
        assert_eq!(invalid(&Counts::default(), 0), ["nothing was asked after the warm-up"]);
        assert_eq!(invalid(&few, 2), ["2 players or uploads did not come to an end"]);
    }
}
