//! The `karpsim` command.

fn main() {}
