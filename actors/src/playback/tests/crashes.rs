//! The actor dies between any two steps; what was acknowledged is there, and nothing is double.

use super::disk::{Dies, Life};
use super::player::events;
use super::{START, open, sums, told, with_seeds};
use crate::playback::Config;
use playhouse_storage::model::ContentId;
use rand::Rng;

#[test]
fn a_player_who_sends_again_until_it_is_answered_is_counted_once() {
    with_seeds(|random| {
        let duration_s = random.random_range(2.0..600.0);
        let contents = [ContentId::new(), ContentId::new()];
        let stories = contents.map(|_| events(random, duration_s));
        let (mut calm, mut hard) = (Life::new(Config::default()), Life::new(Config::default()));
        let begin = |life: &mut Life| {
            contents.map(|content| life.open(open(content, "tv", Some(duration_s)), START))
        };
        let (in_calm, in_hard) = (begin(&mut calm), begin(&mut hard));
        let mut moments: Vec<_> = stories.iter().enumerate().collect();
        moments.reverse();
        for (at, story) in moments {
            for batch in story.chunks(random.random_range(1..6)) {
                let now = batch.last().expect("a batch").at.as_millisecond();
                calm.tell(in_calm[at], batch, now, Dies::Never);
                loop {
                    let dies = match random.random_range(0..4) {
                        0 => Dies::BeforePut,
                        1 => Dies::BeforeAnswer,
                        _ => Dies::Never,
                    };
                    if hard.tell(in_hard[at], batch, now, dies).is_some() {
                        break;
                    }
                }
                if random.random_bool(0.1) {
                    // Nobody has been silent for long, so that nothing ends by it.
                    hard.rest(START);
                    hard.reload();
                }
            }
        }
        hard.reload();
        let end = START + 3_600_000;
        calm.rest(end);
        hard.rest(end);
        assert_eq!(sums(&hard.disk.facts), sums(&calm.disk.facts));
        assert_eq!(told(&hard.record, &hard.config), told(&calm.record, &calm.config));
        let at_rest = hard.record.clone();
        hard.reload();
        assert_eq!(told(&hard.record, &hard.config), told(&at_rest, &hard.config));
    });
}
