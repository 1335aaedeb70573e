//! What the command says about itself.

use super::Desk;

#[test]
fn help_names_every_command_and_goes_to_stdout() {
    let help = Desk::new().karpsim(&["--help"]).good();
    for command in ["run", "compare", "explain", "export", "validate"] {
        let line = format!("\n  {command} ");
        assert!(help.stdout.contains(&line), "{}", help.stdout);
    }
    assert_eq!(help.stderr, "");
}

#[test]
fn every_command_names_its_options() {
    let reading = ["--seed", "--on-bad-row", "--format"];
    let writing = ["--out", "--no-report"];
    let many = ["--replications", "--threads"];
    let about = [
        "--pod",
        "--service",
        "--node",
        "--nodepool",
        "--at",
        "--from",
        "--to",
    ];
    for (command, options) in [
        ("run", &[&reading[..], &writing][..]),
        ("compare", &[&reading, &writing, &many]),
        ("explain", &[&reading, &about]),
        (
            "export",
            &[&["--seed", "--on-bad-row", "--out", "--force", "--no-run"]],
        ),
        ("diff", &[&["--seed", "--on-bad-row"], &many]),
        ("validate", &[&reading]),
    ] {
        let help = Desk::new().karpsim(&[command, "--help"]).good();
        for option in options.concat() {
            assert!(help.stdout.contains(option), "{command} has no {option}");
        }
        let wide = help.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None);
    }
}

#[test]
fn the_version_is_the_crate_s() {
    let answer = Desk::new().karpsim(&["--version"]).good();
    assert_eq!(
        answer.stdout,
        concat!("karpsim ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn what_is_no_command_is_refused() {
    let desk = Desk::new();
    desk.karpsim(&[]).refused().complains("Usage: karpsim");
    desk.karpsim(&["rnu"]).refused().complains("'rnu'");
    desk.karpsim(&["run"]).refused().complains("<SCENARIO>");
    desk.karpsim(&["compare", "town.yaml"])
        .refused()
        .complains("<SCENARIOS>");
    desk.karpsim(&["run", "town.yaml", "--seed", "many"])
        .refused()
        .complains("--seed");
    assert!(desk.files("reports").is_empty());
}
