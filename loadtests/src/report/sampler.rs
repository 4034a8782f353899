//! Looks once a second at each server while a load runs, or as often as it answers.
//!
//! It has a thread of its own: the generator keeps its intended moments on its own thread, and
//! reading a page of metrics there would make them late. What a server does not tell at
//! `/metrics` is taken from the kernel when its process is known.

use super::metrics::{self, greatest, sum};
use super::model::Sample;
use super::scrape::{Answer, Scraper};
use crate::process;
use crate::target::Target;
use anyhow::Context;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(1);
/// A day of looks at ten servers; what comes later is not kept.
const SAMPLES_MAX: usize = 864_000;

/// Looks until it is stopped, or dropped.
pub(crate) struct Sampler {
    stop: oneshot::Sender<()>,
    samples: oneshot::Receiver<Vec<Sample>>,
}

impl Sampler {
    /// Begins to look. `pids` are the servers' processes in the same order, as far as they are
    /// known; `began` is the moment of the first intended request, also when it is yet to come.
    ///
    /// # Errors
    /// When the thread cannot be made.
    pub(crate) fn start(targets: &[Target], pids: &[u32], began: Instant) -> anyhow::Result<Self> {
        let servers = targets.iter().enumerate();
        let servers: Vec<_> =
            servers.map(|(at, it)| Server::new(it, pids.get(at).copied())).collect();
        let (stop, stopped) = oneshot::channel();
        let (tell, samples) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let looks = move || {
            // Nobody waits for the samples of a run that failed.
            let _ = tell.send(runtime.block_on(look(servers, began, stopped)));
        };
        thread::Builder::new().name("sampler".to_owned()).spawn(looks)?;
        Ok(Self { stop, samples })
    }

    /// Everything that was seen, in the order of time.
    ///
    /// # Errors
    /// When the thread has ended before.
    pub(crate) async fn stop(self) -> anyhow::Result<Vec<Sample>> {
        // An error means that it has ended; then so says the line below.
        let _ = self.stop.send(());
        self.samples.await.context("the sampler ended early")
    }
}

/// Each server has looks of its own: one that is slow keeps none of the others waiting.
async fn look(servers: Vec<Server>, began: Instant, stopped: oneshot::Receiver<()>) -> Vec<Sample> {
    let samples: Arc<Mutex<Vec<Sample>>> = Arc::default();
    let mut looks = JoinSet::new();
    for server in servers {
        looks.spawn(repeat(server, began, Arc::clone(&samples)));
    }
    // An error means that the sampler was dropped: then nobody wants to know.
    let _ = stopped.await;
    looks.shutdown().await;
    let mut seen = std::mem::take(&mut *samples.lock().unwrap_or_else(PoisonError::into_inner));
    seen.sort_by(|a, b| a.t_s.total_cmp(&b.t_s));
    seen
}

async fn repeat(mut server: Server, began: Instant, samples: Arc<Mutex<Vec<Sample>>>) {
    let mut ticks = interval(EVERY);
    // After a slow look the next comes at the next whole second.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let sample = server.sample(began).await;
        let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() < SAMPLES_MAX {
            samples.push(sample);
        }
    }
}

/// One server, and its CPU seconds at the look before.
struct Server {
    name: String,
    scraper: Scraper,
    pid: Option<u32>,
    before: Option<(f64, f64)>,
}

impl Server {
    fn new(target: &Target, pid: Option<u32>) -> Self {
        let name = target.address.clone();
        Self { name, scraper: Scraper::new(target), pid, before: None }
    }

    async fn sample(&mut self, began: Instant) -> Sample {
        let answer = self.scraper.ask().await;
        let t_s = since(began);
        let (cpu_s, mut sample) = match answer {
            Ok(Answer::Metrics(text)) => told(&text).unwrap_or_else(|| self.seen()),
            Ok(Answer::Other(_)) => self.seen(),
            Err(_) => (None, Sample::default()),
        };
        (sample.t_s, sample.server) = (t_s, self.name.clone());
        let now = cpu_s.map(|cpu_s| (t_s, cpu_s));
        sample.cpu_cores = cores(self.before, now);
        // A look that failed does not lose the time before it.
        self.before = now.or(self.before);
        sample
    }

    /// What the kernel says of its process.
    fn seen(&self) -> (Option<f64>, Sample) {
        let Some(pid) = self.pid else { return (None, Sample { up: true, ..Sample::default() }) };
        let memory = process::memory(pid).ok();
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok();
        let sample = Sample {
            up: true,
            resident_bytes: memory.map(|memory| memory.now as f64),
            open_fds: files.map(|files| files.count() as f64),
            ..Sample::default()
        };
        (process::cpu_s(&[pid]).ok(), sample)
    }
}

/// What a server says of itself, and its CPU seconds; none when that is no page of metrics.
fn told(text: &str) -> Option<(Option<f64>, Sample)> {
    let points = metrics::parse(text).ok()?;
    let sample = Sample {
        up: true,
        resident_bytes: sum(&points, "process_resident_memory_bytes"),
        open_fds: sum(&points, "process_open_fds"),
        actors: sum(&points, "playhouse_actors"),
        mailbox_messages: sum(&points, "playhouse_actor_mailbox_messages"),
        mailbox_oldest_s: greatest(&points, "playhouse_actor_mailbox_oldest_seconds"),
        shards_owned: sum(&points, "playhouse_shards_owned"),
        ..Sample::default()
    };
    Some((sum(&points, "process_cpu_seconds_total"), sample))
}

/// Cores in use between two looks; none after a restart, when the count begins anew.
fn cores(before: Option<(f64, f64)>, now: Option<(f64, f64)>) -> Option<f64> {
    let ((t0, cpu0), (t1, cpu1)) = (before?, now?);
    (t1 > t0 && cpu1 >= cpu0).then(|| (cpu1 - cpu0) / (t1 - t0))
}

/// Seconds since a moment, less than zero before it.
fn since(began: Instant) -> f64 {
    let now = Instant::now();
    match now.checked_duration_since(began) {
        Some(after) => after.as_secs_f64(),
        None => -(began - now).as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    /// A server that answers each question on each connection with the same.
    struct Stub {
        target: Target,
        accepted: Arc<AtomicUsize>,
        asked: Arc<AtomicUsize>,
        task: JoinSet<()>,
    }

    async fn stub(answer: String) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let target = Target::new(&address, "secret").expect("a target");
        let (accepted, asked) = (Arc::default(), Arc::default());
        let mut task = JoinSet::new();
        task.spawn(serve(listener, answer, Arc::clone(&accepted), Arc::clone(&asked)));
        Stub { target, accepted, asked, task }
    }

    async fn serve(
        listener: TcpListener,
        answer: String,
        accepted: Arc<AtomicUsize>,
        asked: Arc<AtomicUsize>,
    ) {
        let mut lines = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            accepted.fetch_add(1, Relaxed);
            let (answer, asked) = (answer.clone(), Arc::clone(&asked));
            lines.spawn(async move {
                let mut heard = [0; 4096];
                while stream.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {
                    asked.fetch_add(1, Relaxed);
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    }

    fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    async fn one(target: &Target, pid: Option<u32>) -> Sample {
        let began = Instant::now() + Duration::from_secs(60);
        Server::new(target, pid).sample(began).await
    }

    #[tokio::test]
    async fn what_a_server_tells_becomes_a_sample() {
        let page = "process_cpu_seconds_total 5\nprocess_resident_memory_bytes 1e6\n\
            playhouse_actors{kind=\"a\"} 2\nplayhouse_actors{kind=\"b\"} 3\n\
            playhouse_actor_mailbox_messages{kind=\"a\"} 7\n\
            playhouse_actor_mailbox_oldest_seconds{kind=\"a\"} 0.5\n\
            playhouse_actor_mailbox_oldest_seconds{kind=\"b\"} 0.25\n\
            playhouse_shards_owned 16\nprocess_open_fds 9\n# EOF\n";
        let server = stub(answer("200 OK", page)).await;
        let sample = one(&server.target, None).await;
        assert!(sample.up && sample.t_s < -58.0, "before the first request: {sample:?}");
        assert_eq!((sample.actors, sample.mailbox_messages), (Some(5.0), Some(7.0)));
        assert_eq!((sample.mailbox_oldest_s, sample.shards_owned), (Some(0.5), Some(16.0)));
        assert_eq!((sample.resident_bytes, sample.open_fds), (Some(1e6), Some(9.0)));
        assert_eq!(sample.cpu_cores, None, "there was no look before");
    }

    #[tokio::test]
    async fn the_kernel_is_asked_where_there_are_no_metrics() {
        for other in [answer("404 Not Found", "no"), answer("200 OK", "<html>hello</html>")] {
            let server = stub(other).await;
            let sample = one(&server.target, Some(std::process::id())).await;
            assert!(sample.up && sample.resident_bytes > Some(1e5), "{sample:?}");
            assert!(sample.open_fds > Some(2.0), "{sample:?}");
            let sample = one(&server.target, None).await;
            assert!(sample.up && sample.resident_bytes.is_none(), "{sample:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_down_and_one_that_floods_is_not_read() {
        let Stub { target, task, .. } = stub(String::new()).await;
        drop(task);
        assert!(!one(&target, Some(std::process::id())).await.up);
        let garbage = stub("hello, this is no answer of HTTP\r\n\r\n".to_owned()).await;
        assert!(!one(&garbage.target, None).await.up);
        for header in ["Content-Length: 99999999999", "Transfer-Encoding: chunked"] {
            let server = stub(format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n")).await;
            let sample = one(&server.target, None).await;
            assert!(sample.up && sample.actors.is_none(), "{header}: {sample:?}");
        }
    }

    #[tokio::test]
    async fn it_looks_until_it_is_stopped_on_one_connection() {
        let server = stub(answer("200 OK", "process_cpu_seconds_total 1\n")).await;
        let targets = [server.target.clone()];
        let sampler = Sampler::start(&targets, &[], Instant::now()).expect("a thread");
        // Its clock is real, since it has a runtime of its own: three looks are two seconds.
        let seen = async {
            while server.asked.load(Relaxed) < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(30), seen).await.expect("three looks");
        let samples = sampler.stop().await.expect("samples");
        // The third may be under way when it is stopped.
        assert!(samples.len() >= 2 && server.accepted.load(Relaxed) == 1, "{samples:?}");
        assert_eq!(samples[1].cpu_cores, Some(0.0));
        assert!(samples.iter().all(|sample| sample.up), "{samples:?}");
    }

    #[tokio::test]
    async fn a_server_that_never_answers_keeps_no_other_waiting() {
        let mute = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = mute.local_addr().expect("an address").to_string();
        let server = stub(answer("200 OK", "process_cpu_seconds_total 1\n")).await;
        let targets = [Target::new(&address, "").expect("a target"), server.target.clone()];
        let sampler = Sampler::start(&targets, &[], Instant::now()).expect("a thread");
        let seen = async {
            while server.asked.load(Relaxed) < 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // The mute one is given up after five seconds, three looks are two.
        timeout(Duration::from_secs(4), seen).await.expect("three looks");
        let samples = sampler.stop().await.expect("samples");
        assert!(samples.iter().all(|it| it.server == server.target.address), "{samples:?}");
    }

    #[test]
    fn cores_are_told_between_two_looks_of_one_life() {
        assert_eq!(cores(Some((1.0, 10.0)), Some((3.0, 11.0))), Some(0.5));
        assert_eq!(cores(Some((1.0, 10.0)), Some((3.0, 0.2))), None, "it was started anew");
        assert_eq!(cores(None, Some((3.0, 0.2))), None);
        assert_eq!(cores(Some((3.0, 1.0)), Some((3.0, 2.0))), None);
    }
}
