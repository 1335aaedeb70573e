//! The kubelet's tree of control groups, with busy processes as leaves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use karpsim::cluster::cpu::cgroup_weight;
use karpsim::cluster::template::QosClass;

use super::Hungry;

/// Ticks of the kernel's process accounting in a second.
const TICKS: f64 = 100.0;
const PERIOD_MICROS: i64 = 100_000;

/// How control groups are told what to share.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

/// A group of our own below the root.
pub(crate) struct Tree {
    root: PathBuf,
    version: Version,
}

/// The processes of a pod; they end with it.
pub(crate) struct Busy {
    processes: Vec<Child>,
    group: PathBuf,
    slice: Option<PathBuf>,
}

impl Tree {
    /// Makes the group, or says why it cannot be made.
    pub(crate) fn plant() -> Result<Self, String> {
        let two = Path::new("/sys/fs/cgroup");
        let one = Path::new("/sys/fs/cgroup/cpu");
        let controllers = fs::read_to_string(two.join("cgroup.controllers")).unwrap_or_default();
        let (parent, version) = if controllers.split_whitespace().any(|name| name == "cpu") {
            (two, Version::Two)
        } else if one.join("cpu.shares").exists() {
            (one, Version::One)
        } else {
            return Err("no cpu controller is mounted under /sys/fs/cgroup".to_owned());
        };
        let root = parent.join(format!("karpsim-{}", process::id()));
        let tree = Self { root, version };
        let planted = tree.branch(&tree.root, 10_000);
        planted.map_err(|error| format!("no control group can be made here: {error}"))?;
        Ok(tree)
    }

    /// Starts the threads of every pod, each pod in its own group, on the first core.
    pub(crate) fn start(&self, pods: &[Hungry]) -> Vec<Busy> {
        let sum = pods
            .iter()
            .filter(|pod| pod.qos == QosClass::Burstable)
            .map(|pod| pod.request_millis as u64)
            .sum();
        let slice = |qos: QosClass| match qos {
            QosClass::Guaranteed => None,
            QosClass::Burstable => Some((self.root.join("burstable"), cgroup_weight(sum))),
            QosClass::BestEffort => Some((self.root.join("besteffort"), cgroup_weight(0))),
        };
        let busy = pods.iter().enumerate().map(|(place, pod)| {
            let slice = slice(pod.qos);
            if let Some((path, weight)) = &slice {
                self.branch(path, *weight).expect("a slice");
            }
            let slice = slice.map(|(path, _)| path);
            let group = slice
                .as_ref()
                .unwrap_or(&self.root)
                .join(format!("pod-{place}"));
            let weight = cgroup_weight(pod.request_millis as u64);
            self.group(&group, weight, pod.limit_millis).expect("a pod");
            let processes = (0..pod.threads).map(|_| spin(&group)).collect();
            Busy {
                processes,
                group,
                slice,
            }
        });
        busy.collect()
    }

    /// Makes a group of groups.
    fn branch(&self, path: &Path, weight: u64) -> io::Result<()> {
        self.group(path, weight, None)?;
        match self.version {
            Version::One => Ok(()),
            Version::Two => fs::write(path.join("cgroup.subtree_control"), "+cpu"),
        }
    }

    /// Makes a group with a weight as version 2 has them. Version 1 shares by the same scheduler, whose unit is a 1024th of 100.
    fn group(&self, path: &Path, weight: u64, limit_millis: Option<i64>) -> io::Result<()> {
        if !path.exists() {
            fs::create_dir(path)?;
        }
        let quota = limit_millis.map(|millis| millis * PERIOD_MICROS / 1_000);
        match self.version {
            Version::One => {
                let shares = (weight * 1_024 / 100).max(2);
                fs::write(path.join("cpu.shares"), shares.to_string())?;
                if let Some(quota) = quota {
                    fs::write(path.join("cpu.cfs_quota_us"), quota.to_string())?;
                }
            }
            Version::Two => {
                fs::write(path.join("cpu.weight"), weight.to_string())?;
                if let Some(quota) = quota {
                    fs::write(path.join("cpu.max"), format!("{quota} {PERIOD_MICROS}"))?;
                }
            }
        }
        Ok(())
    }
}

/// A process in a group that keeps the first core busy.
fn spin(group: &Path) -> Child {
    let child = Command::new("taskset")
        .args(["-c", "0", "sh", "-c", "while :; do :; done"])
        .stdin(Stdio::null())
        .spawn()
        .expect("taskset and sh");
    fs::write(group.join("cgroup.procs"), child.id().to_string()).expect("a process moves");
    child
}

impl Busy {
    /// CPU time the pod has had, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let ticks = |child: &Child| {
            let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
            let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
            let fields: Vec<_> = fields.split_whitespace().collect();
            let at = |place: usize| fields[place].parse::<f64>().expect("a number");
            at(11) + at(12)
        };
        self.processes.iter().map(ticks).sum::<f64>() / TICKS
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.processes {
            _ = child.kill();
            _ = child.wait();
        }
        remove(&self.group);
        if let Some(slice) = &self.slice {
            _ = fs::remove_dir(slice);
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        remove(&self.root);
    }
}

/// A group is busy for a moment after its last process has ended.
fn remove(group: &Path) {
    for _ in 0..50 {
        if fs::remove_dir(group).is_ok() {
            return;
        }
        sleep(Duration::from_millis(20));
    }
}
