//! The scenarios that the program carries, and those in files.

use super::Scenario;
use anyhow::Context;
use std::path::Path;

/// A scenario as text.
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) text: String,
}

macro_rules! carried {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $name, ".toml")))),*]
    };
}

const CARRIED: &[(&str, &str)] = carried![
    "viral-spike",
    "viral-exogenous-subcritical",
    "viral-endogenous-critical",
    "viral-endogenous-subcritical",
    "flash-crowd",
    "step-50",
    "hot-key-flip",
    "upload-burst",
    "reconnect-storm",
    "slow-players",
    "node-killed",
    "soak",
    "trace",
];

/// All that the program carries.
pub(crate) fn sheets() -> impl Iterator<Item = Sheet> {
    CARRIED.iter().map(|(name, text)| Sheet { name: (*name).to_owned(), text: (*text).to_owned() })
}

/// The one of this name, or in this file.
///
/// # Errors
/// When there is neither.
pub(crate) fn find(name: &str) -> anyhow::Result<Sheet> {
    if let Some(sheet) = sheets().find(|sheet| sheet.name == name) {
        return Ok(sheet);
    }
    let path = Path::new(name);
    let read = std::fs::read_to_string(path).with_context(|| {
        format!(
            "{name} is no scenario of this program (`loadtests scenarios` lists them) and no \
            file that can be read"
        )
    })?;
    let stem = path.file_stem().map_or(name.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(Sheet { name: stem, text: read })
}

impl Sheet {
    /// What it says.
    ///
    /// # Errors
    /// When it is no scenario.
    pub(crate) fn read(&self) -> anyhow::Result<Scenario> {
        Scenario::parse(&self.text).with_context(|| format!("scenario {}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_that_is_carried_can_be_read_and_is_named_by_its_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let files: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(files.len(), CARRIED.len(), "{files:?}");
        for sheet in sheets() {
            let scenario = sheet.read().expect("a good scenario");
            assert!(scenario.about.ends_with('.'), "{}: {}", sheet.name, scenario.about);
        }
    }

    #[test]
    fn one_that_is_nowhere_is_named() {
        let error = find("no-such").err().expect("there is none");
        assert!(error.to_string().starts_with("no-such is no scenario"), "{error}");
    }
}
