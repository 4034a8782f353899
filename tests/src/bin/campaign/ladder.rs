//! The ladder of one film, ours beside one ffmpeg process per rung, in turn and in one run.
//!
//! Both sides make the same rungs with the same encoder settings. Times are wall-clock; CPU is
//! what the kernel accounts to the finished processes of each side.

use crate::process::cpu_s;
use anyhow::ensure;
use playhouse_tests::command::run as run_command;
use playhouse_tests::sandbox::Sandbox;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Pairs of runs; the median ratio is told.
const PAIRS: usize = 3;
/// Name, height, maxrate, audio bit rate of the rungs that a 1080p source gets.
const RUNGS: [(&str, &str, &str, &str); 4] = [
    ("360", "main", "400k", "64k"),
    ("480", "main", "800k", "128k"),
    ("720", "high", "2500k", "128k"),
    ("1080", "high", "5000k", "192k"),
];

/// Wall seconds and CPU seconds of one side.
struct Cost {
    wall_s: f64,
    cpu_s: f64,
}

/// Runs the campaign.
///
/// # Errors
/// When either side fails.
pub(crate) async fn run(file: &Path) -> anyhow::Result<()> {
    let mut ratios = Vec::new();
    println!("| pair | ours s | ours CPU s | ffmpeg s | ffmpeg CPU s | ratio | CPU ratio |");
    println!("|---|---|---|---|---|---|---|");
    for pair in 1..=PAIRS {
        let ours = ours(file).await?;
        let theirs = theirs(file)?;
        let ratio = ours.wall_s / theirs.wall_s;
        println!(
            "| {pair} | {:.1} | {:.1} | {:.1} | {:.1} | {ratio:.2} | {:.2} |",
            ours.wall_s,
            ours.cpu_s,
            theirs.wall_s,
            theirs.cpu_s,
            ours.cpu_s / theirs.cpu_s
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("\nmedian wall ratio {:.2}", ratios[PAIRS / 2]);
    Ok(())
}

/// From the upload's last byte to the last rendition; CPU of the node and all its workers.
async fn ours(file: &Path) -> anyhow::Result<Cost> {
    let mut sandbox = Sandbox::started(&[]).await;
    let client = sandbox.admin();
    let before = cpu_s(sandbox.pid())?;
    let id = client.upload(std::fs::read(file)?, "").await;
    let began = Instant::now();
    let all = |content: &serde_json::Value| {
        let renditions = content["renditions"].as_array();
        renditions.is_some_and(|all| {
            !all.is_empty() && all.iter().all(|each| each["state"] == "complete")
        })
    };
    client.wait_content(&id, std::time::Duration::from_secs(600), all).await;
    let wall_s = began.elapsed().as_secs_f64();
    let cpu_s = cpu_s(sandbox.pid())? - before;
    sandbox.stop().await;
    Ok(Cost { wall_s, cpu_s })
}

/// One process per rung, one after the other, with the settings of the rungs.
fn theirs(file: &Path) -> anyhow::Result<Cost> {
    let folder = tempfile::tempdir()?;
    let me = rustix::process::getpid();
    let (began, before) = (Instant::now(), cpu_s(me)?);
    for (height, profile, maxrate, audio) in RUNGS {
        let kilobits: u32 = maxrate.trim_end_matches('k').parse()?;
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(file);
        command.args(["-vf", &format!("scale=-2:{height}:flags=bicubic,format=yuv420p")]);
        command.args(["-c:v", "libx264", "-preset", "veryfast", "-profile:v", profile]);
        command.args([
            "-crf",
            "23",
            "-maxrate",
            maxrate,
            "-bufsize",
            &format!("{}k", 2 * kilobits),
        ]);
        command.args(["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "3"]);
        command.args(["-c:a", "aac", "-ac", "2", "-ar", "48000", "-b:a", audio]);
        command.args(["-movflags", "+cmaf+frag_keyframe"]);
        let ended = run_command(command.arg(folder.path().join(format!("{height}.mp4"))));
        ensure!(ended.code == 0, "ffmpeg: {}", ended.stderr);
    }
    Ok(Cost { wall_s: began.elapsed().as_secs_f64(), cpu_s: cpu_s(me)? - before })
}
