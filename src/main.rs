//! The `karpsim` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    karpsim::cli::main()
}
