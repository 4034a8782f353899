//! Whom the end of an attempt is told: its rendition when the job serves one alone, since its
//! failures count there; otherwise the pipeline, which splits what has failed.

use super::Work;
use super::outcome::Outcome;
use super::runner::Follow;
use super::segments::pause;
use crate::{content, rendition};
use playhouse_storage::model::JobClass;
use tokio::time::sleep;

impl Follow {
    /// Tells whose job it was; false when nobody has taken it, so that the job must be given back.
    pub(super) async fn report(&self, outcome: Outcome) -> bool {
        self.attempt.pulse.beat("reports the end");
        if matches!(outcome, Outcome::Lost { .. }) {
            return true;
        }
        if self.job.class != JobClass::Single {
            return self.report_shared(outcome).await;
        }
        let taken = self.report_single(outcome).await;
        self.attempt.advance().await;
        taken
    }

    async fn report_single(&self, outcome: Outcome) -> bool {
        let work = Work::from_value(&self.job.work);
        let name = work.ok().and_then(|work| work.renditions().first().cloned());
        let Some(name) = name else {
            return self.report_shared(outcome).await;
        };
        let (job, token) = (self.job.id, self.attempt.token.clone());
        let ended = rendition::Request::AttemptEnded { job, token, outcome };
        match self.attempt.ask(&name, ended).await {
            Ok(reply) => tracing::debug!(%job, ?reply, "an attempt was reported"),
            Err(error) => {
                tracing::error!(%job, %error, "an attempt could not be reported");
                return false;
            }
        }
        true
    }

    async fn report_shared(&self, outcome: Outcome) -> bool {
        let shop = &self.attempt.shop;
        let pipeline = shop.pipeline(self.attempt.content);
        let (job, token) = (self.job.id, self.attempt.token.clone());
        let request = content::Request::JobEnded { job, token, outcome };
        for _ in 0..shop.config.ask_tries_max {
            match pipeline.ask(request.clone(), shop.config.ask_deadline()).await {
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(%job, %error, "the end of a job was not taken yet");
                    self.attempt.pulse.beat("reports the end again");
                    sleep(pause(&error)).await;
                }
            }
        }
        tracing::error!(%job, "the end of a job could not be reported");
        false
    }
}
