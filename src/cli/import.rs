//! `karpsim import`: make a scenario of manifests and Terraform files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use crate::export::provenance;
use crate::import::{Imported, Input, import};
use crate::report;
use crate::scenario::diagnostic::{Diagnostics, render};
use crate::scenario::source::Sources;
use crate::scenario::{self, Options};

use super::{WRONG_INPUT, color_on_stderr, complain, say};

/// What is imported of an export, as far as it is there.
const OF_AN_EXPORT: [&str; 7] = [
    "helm/manifests/workloads.yaml",
    "helm/manifests/karpenter-resources.yaml",
    "helm/values/aws-for-fluent-bit.yaml",
    "helm/values/cluster-autoscaler.yaml",
    "helm/values/karpenter.yaml",
    "helm/values/nvidia-device-plugin.yaml",
    "terraform/terraform.tfvars",
];
/// What is imported of any other folder.
const EXTENSIONS: [&str; 5] = ["yaml", "yml", "json", "tf", "tfvars"];

/// Arguments of `karpsim import`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Manifests (`kubectl get -o yaml`), plans (`terraform show -json`), .tf and .tfvars files, folders of them, or an export
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The scenario file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Name of the scenario; that of the file where absent
    #[arg(long)]
    name: Option<String>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let out = &arguments.out;
    if out.exists() && !arguments.force {
        complain(&format!(
            "error: `{}` is there already; --force replaces it",
            out.display()
        ));
        return Ok(ExitCode::from(WRONG_INPUT));
    }
    let inputs = inputs(&arguments.files)?;
    let name = arguments.name.clone().unwrap_or_else(|| stem(out));
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
    let imported = import(&name, &inputs, &mut sources, &mut diagnostics);
    if !diagnostics.is_empty() {
        complain(&render(&diagnostics, &sources, color_on_stderr()));
    }
    let Some(imported) = imported else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    report::write_file(out, imported.text.as_bytes())?;
    say(&summary(out, &imported));
    Ok(checked(out))
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    stem.map_or_else(|| "imported".to_owned(), std::borrow::Cow::into_owned)
}

/// Every file that is named or stands in a folder that is.
fn inputs(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let there = of_folder(path)?.into_iter();
            files.extend(there.map(|path| (path, false)));
        } else {
            files.push((path.clone(), true));
        }
    }
    let read = files.into_iter().map(|(path, named)| {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("could not read `{}`", path.display()))?;
        Ok(Input { path, text, named })
    });
    read.collect()
}

fn of_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = if folder.join(provenance::FILE).is_file() {
        let carried = OF_AN_EXPORT.iter().map(|name| folder.join(name));
        carried.filter(|path| path.is_file()).collect()
    } else {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("could not read `{}`", folder.display()))?;
        let paths = entries.map(|entry| Ok(entry?.path()));
        let paths: Vec<PathBuf> = paths.collect::<std::io::Result<_>>()?;
        let known = |path: &PathBuf| {
            let extension = path.extension().and_then(|name| name.to_str());
            path.is_file() && extension.is_some_and(|name| EXTENSIONS.contains(&name))
        };
        paths.into_iter().filter(known).collect()
    };
    files.sort();
    if files.is_empty() {
        bail!("nothing in `{}` can be imported", folder.display());
    }
    Ok(files)
}

fn summary(out: &Path, imported: &Imported) -> String {
    let mut lines = vec![out.display().to_string()];
    lines.extend(
        imported
            .assumed
            .iter()
            .map(|what| format!("assumed: {what}")),
    );
    lines.extend(
        imported
            .left
            .iter()
            .map(|what| format!("not imported: {what}")),
    );
    lines.join("\n")
}

/// Reads the scenario as `karpsim run` would: what the infrastructure has and a simulation refuses is shown in the file that was written.
fn checked(out: &Path) -> ExitCode {
    let opened = scenario::open(out, &mut |path| std::fs::read(path), Options::default());
    if opened.scenario.is_some() {
        return ExitCode::SUCCESS;
    }
    complain(&render(
        &opened.diagnostics,
        &opened.sources,
        color_on_stderr(),
    ));
    complain("the scenario was written, and has to be mended before it can be run");
    ExitCode::FAILURE
}
