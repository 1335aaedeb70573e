//! What would this complaint be here? Translates the categories of a trace into those of the
//! scenario, by weights.

use crate::des::StreamKey;
use crate::workload::error::{TraceError, TraceErrorKind, TraceErrors, did_you_mean, quoted};
use crate::workload::names::Names;
use crate::workload::table::{Row, Table};
use crate::workload::trace::Trace;

/// Stands for every category of the trace that has no row of its own.
const ANY: &str = "*";

/// For each category of a trace, the categories of the scenario it may become.
#[derive(Clone, PartialEq, Debug)]
pub struct CategoryMap {
    names: Vec<String>,
    /// By category of the trace: upper ends of shares of the unit interval, ascending, and who they
    /// belong to.
    shares: Vec<Vec<(f64, u16)>>,
}

impl CategoryMap {
    /// Every category stays what it is.
    #[must_use]
    pub fn identity(trace: &Trace) -> Self {
        let shares = (0..trace.categories.len())
            .map(|category| vec![(1.0, category as u16)])
            .collect();
        Self {
            names: trace.categories.clone(),
            shares,
        }
    }

    /// Each category of a trace becomes one of `names`, by their weights: `weights[c]` lists what
    /// its category `c` may become, at least one place in `names` with a positive weight.
    #[must_use]
    pub fn weighted(names: Vec<String>, weights: &[Vec<(f64, u16)>]) -> Self {
        for &(weight, place) in weights.iter().flatten() {
            let valid = weight > 0.0 && usize::from(place) < names.len();
            assert!(valid, "weight {weight} of {place}");
        }
        let targets = weights.iter().map(|targets| {
            assert!(!targets.is_empty(), "every category becomes something");
            cumulate(targets)
        });
        Self {
            shares: targets.collect(),
            names,
        }
    }

    /// Reads a CSV with the columns `from`, `to` and `weight`: a complaint of category `from`
    /// becomes each `to` with a chance in proportion to the weight. The rows of `from` = `*` are
    /// for all categories of the trace that have none.
    ///
    /// # Errors
    /// All mistakes of the table, and the categories of the trace that it leaves without a
    /// translation.
    pub fn read(bytes: &[u8], trace: &Trace) -> Result<Self, TraceErrors> {
        let table = Table::open(bytes)?;
        let mut errors = TraceErrors::default();
        let Some(weights) = Weights::read(&table, &mut errors) else {
            return Err(errors);
        };
        let any = weights.sources.get(ANY);
        let mut shares = Vec::new();
        for category in &trace.categories {
            match weights.sources.get(category).or(any) {
                Some(source) => shares.push(cumulate(&weights.by_source[usize::from(source)])),
                None => errors.push(unmapped(category, weights.sources.names())),
            }
        }
        errors.or(Self {
            names: weights.targets.into_names(),
            shares,
        })
    }

    /// The names of the scenario's categories, which
    /// [`Arrival::category`](super::Arrival::category) counts.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What a complaint of the trace's category `category` becomes under the first number of `key`.
    pub(super) fn draw(&self, category: u16, key: StreamKey) -> u16 {
        let shares = &self.shares[usize::from(category)];
        if let [(_, only)] = shares[..] {
            return only;
        }
        let u = key.uniform(0);
        let share = shares.partition_point(|&(end, _)| end <= u);
        shares[share.min(shares.len() - 1)].1
    }
}

/// A category table as it was written.
#[derive(Default)]
struct Weights {
    sources: Names,
    targets: Names,
    /// By source: weights and targets.
    by_source: Vec<Vec<(f64, u16)>>,
}

impl Weights {
    fn read(table: &Table<'_>, errors: &mut TraceErrors) -> Option<Self> {
        let [from, to, weight] = ["from", "to", "weight"].map(|name| table.column(name, errors));
        let columns = [from?, to?, weight?];
        let mut weights = Self::default();
        table.for_each_row(|row| {
            if let Err(error) = row.and_then(|row| weights.add(row, columns)) {
                errors.push(error);
            }
        });
        Some(weights)
    }

    fn add(&mut self, row: Row<'_>, [from, to, weight]: [usize; 3]) -> Result<(), TraceError> {
        let source = self.sources.intern(row.text(from).trim());
        self.by_source
            .resize_with(self.sources.names().len(), Vec::new);
        let target = self.targets.intern(row.text(to).trim());
        let (Some(source), Some(target)) = (source, target) else {
            return Err(TraceError {
                kind: TraceErrorKind::TooManyNames,
                line: row.line,
                column: 0,
                message: "the row brings one name too many".into(),
                expected: format!("at most {} different names in a column", Names::MAX),
                help: None,
            });
        };
        let text = row.text(weight);
        let positive = |weight: &f64| weight.is_finite() && *weight > 0.0;
        let parsed = text.trim().parse().ok().filter(positive);
        self.by_source[usize::from(source)].extend(parsed.map(|weight| (weight, target)));
        parsed.map(|_| ()).ok_or_else(|| TraceError {
            kind: TraceErrorKind::Weight,
            line: row.line,
            column: weight as u32 + 1,
            message: format!("{} is no weight", quoted(&text)),
            expected: "a positive number".into(),
            help: None,
        })
    }
}

/// Weights as shares of the unit interval, by their upper ends.
fn cumulate(weights: &[(f64, u16)]) -> Vec<(f64, u16)> {
    let total: f64 = weights.iter().map(|(weight, _)| weight).sum();
    let mut sum = 0.0;
    let share = |&(weight, target): &(f64, u16)| {
        sum += weight;
        (sum / total, target)
    };
    weights.iter().map(share).collect()
}

fn unmapped(category: &str, sources: &[String]) -> TraceError {
    let named = quoted(category);
    TraceError {
        kind: TraceErrorKind::Unmapped,
        line: 0,
        column: 0,
        message: format!("the trace's category {named} has no row in the category table"),
        expected: format!(
            "a row with `from` = {named}, or one with `{ANY}` for all that are not listed"
        ),
        help: did_you_mean(category, sources.iter().map(String::as_str)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::Purpose;
    use crate::workload::{Columns, TimeColumn, TraceSpec};

    fn trace() -> Trace {
        let columns = Columns::new(TimeColumn::Stamp("time".into())).category("category");
        let spec = TraceSpec::new(columns, "UTC");
        let csv = "time,category\n\
                   2015-02-01 09:00,Snow\n\
                   2015-02-01 09:01,Street Light Outages\n\
                   2015-02-01 09:02,Other\n";
        Trace::read(csv.as_bytes(), &spec).expect("a trace")
    }

    fn errors(csv: &str) -> String {
        CategoryMap::read(csv.as_bytes(), &trace())
            .expect_err("mistakes")
            .to_string()
    }

    fn draw(map: &CategoryMap, category: u16, entity: u64) -> &str {
        let key = StreamKey {
            seed: 1,
            purpose: Purpose::Category,
            entity,
        };
        &map.names()[usize::from(map.draw(category, key))]
    }

    #[test]
    fn identity_changes_nothing() {
        let map = CategoryMap::identity(&trace());
        assert_eq!(
            [0, 1, 2].map(|category| draw(&map, category, 5)),
            ["Snow", "Street Light Outages", "Other"]
        );
    }

    #[test]
    fn weights_are_chances() {
        let csv = "from,to,weight\nStreet Light Outages,Electrical,1\n*,Garbage,3\n*,Road,1\n";
        let map = CategoryMap::read(csv.as_bytes(), &trace()).expect("a table");
        assert_eq!(map.names(), ["Electrical", "Garbage", "Road"]);
        assert!((0..100).all(|entity| draw(&map, 1, entity) == "Electrical"));
        let garbage = (0..10_000)
            .filter(|&entity| draw(&map, 0, entity) == "Garbage")
            .count();
        assert!(garbage.abs_diff(7_500) < 175, "{garbage}");
    }

    #[test]
    fn all_mistakes_are_told() {
        assert_eq!(
            errors("from;to;wieght\n"),
            "line 1: there is no column `weight`: expected one of `from`, `to`, `wieght` \
             (did you mean `wieght`?)"
        );
        let broken = "from,to,weight\n\
                      Snow,Road,much\n\
                      Other,Road,-1\n\
                      Street Light Outages,Electrical\n";
        assert_eq!(
            errors(broken),
            "line 2, column 3: `much` is no weight: expected a positive number\n\
             line 3, column 3: `-1` is no weight: expected a positive number\n\
             line 4: the row has 2 fields: expected 3, as in the header\n\
             the trace's category `Street Light Outages` has no row in the category table: \
             expected a row with `from` = `Street Light Outages`, \
             or one with `*` for all that are not listed"
        );
        let misspelt = "from,to,weight\nSnow,Road,1\nStreet Light Outages,Road,1\nOthr,Road,1\n";
        assert_eq!(
            errors(misspelt),
            "the trace's category `Other` has no row in the category table: \
             expected a row with `from` = `Other`, \
             or one with `*` for all that are not listed (did you mean `Othr`?)"
        );
    }
}
