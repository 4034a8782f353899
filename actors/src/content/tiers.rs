//! When contents go to the cold shelf, and how that is looked after. `[actors.tiers]`

use serde::{Deserialize, Serialize};

/// Limits of moving contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tiers {
    /// A content goes to the cold shelf when it was published, and last watched, more than so many
    /// days ago (UTC); 0: when nobody has watched it today. It comes back when it is watched.
    pub idle_days: u32,
    /// Contents to move are looked for so often, seconds: what is watched again comes back about as
    /// soon, and plays from the cold shelf until then.
    pub poll_s: u64,
    /// Contents of each kind (under way, watched again, idle) that one round moves, one after the
    /// other.
    pub page_max: u32,
    /// A content must get from one shelf to the other within so long, seconds; then it is taken
    /// for hung, and its next round goes on behind the files that are there. 20 GB at 6 MB/s.
    pub move_kill_s: u64,
}

impl Default for Tiers {
    fn default() -> Self {
        Self { idle_days: 60, poll_s: 60, page_max: 100, move_kill_s: 3_600 }
    }
}

impl Tiers {
    /// Checks the numbers.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub fn validate(&self) -> Result<(), String> {
        let numbers = [
            ("poll_s", self.poll_s),
            ("page_max", u64::from(self.page_max)),
            ("move_kill_s", self.move_kill_s),
        ];
        for (key, value) in numbers {
            if value == 0 {
                return Err(format!("{key} must be at least 1"));
            }
        }
        Ok(())
    }
}
