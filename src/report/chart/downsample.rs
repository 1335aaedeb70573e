//! Which of too many buckets does a line keep? More buckets than columns of the picture would smear; peaks and gaps must survive.

use std::ops::Range;

/// Divides `buckets` into at most `columns` runs of nearly equal length.
pub(super) fn runs(buckets: usize, columns: usize) -> Vec<Range<usize>> {
    let runs = buckets.min(columns.max(1));
    (0..runs)
        .map(|run| run * buckets / runs..(run + 1) * buckets / runs)
        .collect()
}

/// The lines through the values that are there, each a list of (bucket, value): of every run the first, the least, the greatest and the
/// last, which draws the same pixels as all of them would (M4 aggregation; Jugel et al., VLDB 2014). A gap of missing values ends a line.
pub(super) fn lines(values: &[Option<f64>], columns: usize) -> Vec<Vec<(usize, f64)>> {
    let mut lines = vec![Vec::new()];
    for run in runs(values.len(), columns) {
        let mut open = Vec::new();
        for bucket in run {
            match values[bucket] {
                Some(value) => open.push((bucket, value)),
                None => {
                    extend(&mut lines, &mut open);
                    lines.push(Vec::new());
                }
            }
        }
        extend(&mut lines, &mut open);
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// Moves the four points that matter of an open stretch to the end of the last line.
fn extend(lines: &mut [Vec<(usize, f64)>], open: &mut Vec<(usize, f64)>) {
    let by_value = |a: &&(usize, f64), b: &&(usize, f64)| a.1.total_cmp(&b.1);
    let mut kept: Vec<(usize, f64)> = [
        open.first(),
        open.iter().min_by(by_value),
        open.iter().max_by(by_value),
        open.last(),
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect();
    kept.sort_by_key(|&(bucket, _)| bucket);
    kept.dedup_by_key(|&mut (bucket, _)| bucket);
    if let Some(line) = lines.last_mut() {
        line.extend(kept);
    }
    open.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_everything_once() {
        assert_eq!(runs(3, 10), [0..1, 1..2, 2..3]);
        let covered: Vec<usize> = runs(2_016, 1_440).into_iter().flatten().collect();
        assert_eq!(covered, (0..2_016).collect::<Vec<_>>());
        assert!(runs(0, 10).is_empty());
    }

    #[test]
    fn a_single_peak_and_a_single_dip_survive() {
        let mut values = vec![Some(5.0); 10_000];
        values[4_321] = Some(900.0);
        values[4_322] = Some(0.1);
        let line = &lines(&values, 100)[0];
        assert!(line.len() <= 400);
        assert!(line.contains(&(4_321, 900.0)) && line.contains(&(4_322, 0.1)));
        assert_eq!((line[0].0, line[line.len() - 1].0), (0, 9_999));
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let values = [Some(1.0), Some(2.0), None, None, Some(3.0)];
        let found = lines(&values, 2);
        assert_eq!(found, [vec![(0, 1.0), (1, 2.0)], vec![(4, 3.0)]]);
    }
}
