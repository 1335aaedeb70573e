//! The command as a person uses it: the built binary, files in a folder, two streams and an exit code.

mod compare;
mod explain;
mod export;
mod help;
mod import;
mod mistakes;
mod run;
mod traces;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) const KARPSIM: &str = env!("CARGO_BIN_EXE_karpsim");

const TOWN: &str = include_str!("../fixtures/cli/town.yaml");
const COMPLAINTS: &str = include_str!("../fixtures/cli/complaints.yaml");
const TRACE: &str = include_str!("../fixtures/cli/complaints.csv");

/// A folder with the town's files in it, where commands are typed.
struct Desk(TempDir);

/// What came back from a command.
#[derive(Debug)]
struct Answer {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().expect("a temporary folder"));
        desk.write("town.yaml", TOWN);
        desk.write("complaints.yaml", COMPLAINTS);
        desk.write("complaints.csv", TRACE);
        desk
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).expect("a file is written");
    }

    /// Replaces a piece of text in a file.
    #[track_caller]
    fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has no `{old}`");
        self.write(name, &text.replace(old, new));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("a text file")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(KARPSIM);
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    fn karpsim(&self, arguments: &[&str]) -> Answer {
        let output = self
            .command(arguments)
            .output()
            .expect("the command starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Answer {
            code: output.status.code().expect("it ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Every file of a folder, by name; none where there is no folder.
    fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        files(&self.0.path().join(folder))
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a file"))
        })
        .collect()
}

impl Answer {
    #[track_caller]
    fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// The input is wrong, and nothing is said of results.
    #[track_caller]
    fn refused(self) -> Self {
        assert_eq!(self.code, 2, "{self:?}");
        assert_eq!(self.stdout, "");
        self
    }

    #[track_caller]
    fn complains(self, of: &str) -> Self {
        assert!(
            self.stderr.contains(of),
            "`{of}` is not in:\n{}",
            self.stderr
        );
        self
    }
}
