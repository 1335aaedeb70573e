//! What a disruption pass costs by the size of the cluster, drawn: a line of slope one is growth in proportion.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

/// Sizes that are measured.
pub(crate) const NODES: [usize; 6] = [100, 200, 500, 1_000, 2_000, 5_000];
/// A pass is repeated for so long, and at least so often; the shortest counts, which a busy machine disturbs least.
const REPEATED: (Duration, u32) = (Duration::from_millis(1_500), 3);

/// Milliseconds by size.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(usize, f64)>,
}

/// The shortest of several runs, in milliseconds.
pub(crate) fn shortest(mut run: impl FnMut()) -> f64 {
    let (long, often) = REPEATED;
    let begun = Instant::now();
    let (mut shortest, mut runs) = (Duration::MAX, 0);
    while runs < often || begun.elapsed() < long {
        let start = Instant::now();
        run();
        shortest = shortest.min(start.elapsed());
        runs += 1;
    }
    shortest.as_secs_f64() * 1e3
}

impl Curve {
    /// The power of the size the cost grows with between its ends.
    fn slope(&self) -> f64 {
        let ends = self.points.first().zip(self.points.last());
        let ends = ends.map(|(&(a, x), &(b, y))| (y / x).ln() / (b as f64 / a as f64).ln());
        ends.unwrap_or(0.0)
    }

    /// A row of a table for each size.
    pub(crate) fn print(&self) {
        for (nodes, millis) in &self.points {
            println!("{:<22} {nodes:>6} nodes {millis:>10.3} ms", self.name);
        }
        println!(
            "{:<22} grows with the nodes to the power of {:.2}",
            self.name,
            self.slope()
        );
    }
}

/// The picture and the field in it, in pixels.
const SIZE: (f64, f64) = (640.0, 400.0);
const FIELD: [f64; 4] = [70.0, 30.0, 600.0, 340.0];
/// Decades of nodes and of milliseconds.
const ACROSS: (f64, f64) = (2.0, 4.0);
const UP: (f64, f64) = (-3.0, 3.0);
const COLORS: [&str; 2] = ["#1f5fa8", "#c2571a"];

fn at(nodes: f64, millis: f64) -> (f64, f64) {
    let share = |value: f64, (low, high): (f64, f64)| (value.log10() - low) / (high - low);
    let [left, top, right, bottom] = FIELD;
    let x = left + share(nodes, ACROSS) * (right - left);
    (x, bottom - share(millis, UP) * (bottom - top))
}

/// Draws the curves on logarithmic axes, beside a line of slope one through the first point of each.
pub(crate) fn draw(path: &str, curves: &[Curve]) -> std::io::Result<()> {
    let (width, height) = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    grid(&mut svg);
    for (place, (curve, color)) in curves.iter().zip(COLORS).enumerate() {
        line(&mut svg, curve, color, 60.0 + 18.0 * place as f64);
    }
    svg.push_str("</svg>\n");
    fs::write(path, svg)
}

fn grid(svg: &mut String) {
    let [left, top, right, bottom] = FIELD;
    let mut text = |x: f64, y: f64, anchor: &str, words: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
        );
    };
    text(
        left,
        18.0,
        "start",
        "milliseconds a disruption pass takes, by nodes of the cluster",
    );
    for nodes in [100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4] {
        text(
            at(nodes, 1.0).0,
            bottom + 18.0,
            "middle",
            &format!("{nodes}"),
        );
    }
    for decade in UP.0 as i32..=UP.1 as i32 {
        let millis = 10f64.powi(decade);
        text(
            left - 8.0,
            at(100.0, millis).1 + 4.0,
            "end",
            &format!("{millis}"),
        );
    }
    for decade in UP.0 as i32..=UP.1 as i32 {
        let y = at(100.0, 10f64.powi(decade)).1;
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#dddddd\"/>"
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#444444\"/>"
    );
}

fn line(svg: &mut String, curve: &Curve, color: &str, y: f64) {
    let dot = |&(nodes, millis): &(usize, f64)| at(nodes as f64, millis);
    let dots: Vec<(f64, f64)> = curve.points.iter().map(dot).collect();
    let through: Vec<String> = dots.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let through = through.join(" ");
    let _ = writeln!(
        svg,
        "<polyline points=\"{through}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"
    );
    for (x, y) in &dots {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>"
        );
    }
    if let Some(&(first, millis)) = curve.points.first() {
        let last = NODES[NODES.len() - 1] as f64;
        let (from, to) = (
            at(first as f64, millis),
            at(last, millis * last / first as f64),
        );
        let _ = writeln!(
            svg,
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{color}\" stroke-dasharray=\"4 4\" opacity=\"0.6\"/>",
            from.0, from.1, to.0, to.1
        );
    }
    let words = format!(
        "{}: nodes to the power of {:.2} (dashed: 1)",
        curve.name,
        curve.slope()
    );
    let _ = writeln!(
        svg,
        "<text x=\"90\" y=\"{y}\" fill=\"{color}\">{words}</text>"
    );
}
