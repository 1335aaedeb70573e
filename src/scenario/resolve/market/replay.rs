//! What did real spot pools do? A table of their prices and availability, read into what the market replays.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::cloud::market::{Pool, PoolRecord};
use crate::cloud::{Catalog, NanoUsd, Price};
use crate::des::SimTime;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::files::Files;
use crate::scenario::resolve::lines::{Lines, plain};
use crate::scenario::spec::cluster::MarketReplaySpec;

const PATH: &str = "market.spot.replay";
/// More mistakes in one table than this are only counted.
const SHOWN: usize = 20;

/// What a row says.
struct Observation {
    line: u64,
    at: Timestamp,
    pool: Pool,
    price: Option<Price>,
    up: Option<bool>,
}

/// A mistake in a row.
struct Mistake {
    line: u64,
    /// From 1; 0 for the row as a whole.
    column: usize,
    message: String,
    expected: String,
}

/// Places of the columns.
struct Layout {
    time: usize,
    instance_type: usize,
    zone: usize,
    price: Option<usize>,
    available: Option<usize>,
    fields: usize,
}

/// What the table says of each pool, ascending; `None` where it cannot be read.
pub(super) fn records(
    cx: &mut Context<'_>,
    spec: &MarketReplaySpec,
    catalog: &Catalog,
    files: &mut Files<'_>,
) -> Option<Vec<PoolRecord>> {
    let path_at = format!("{PATH}.path");
    let from = spec.from.as_deref().map(|text| origin(cx, text));
    let (path, bytes) = files.read(cx.span(&path_at), &spec.path);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read `{}`: {error}", path.display());
            let diagnostic = Diagnostic::error(cx.span(&path_at), message);
            cx.push(diagnostic.expected("expected a file, relative to this one"));
            return None;
        }
    };
    let text = plain(&bytes);
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = rows.records();
    let header = rows.next().and_then(Result::ok).unwrap_or_default();
    let layout = layout(cx, spec, &header)?;
    let mut reader = Reader {
        cx: &*cx,
        catalog,
        layout,
        unknown: BTreeMap::new(),
    };
    let (mut seen, mut mistakes) = (Vec::new(), Vec::new());
    for row in rows {
        match row.map_err(unreadable).and_then(|row| reader.row(&row)) {
            Ok(observation) => seen.extend(observation),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let unknown = std::mem::take(&mut reader.unknown);
    seen.sort_by_key(|seen| (seen.pool, seen.at, seen.line));
    mistakes.extend(contradictions(&seen));
    if !mistakes.is_empty() {
        let file = files.sources.add(&path, text.as_str());
        report(
            cx,
            &Lines::new(file, &text),
            &path.display().to_string(),
            mistakes,
        );
        return None;
    }
    warn_of_unknown(cx, &path.display().to_string(), &unknown);
    if seen.is_empty() {
        let what = "says nothing about a spot pool of the region";
        cx.expected(
            &path_at,
            what,
            "expected rows about types and zones of the region",
        );
    }
    let from = match from {
        Some(from) => from?,
        None => seen.iter().map(|seen| seen.at).min()?,
    };
    Some(by_pool(&seen, from))
}

fn origin(cx: &mut Context<'_>, text: &str) -> Option<Timestamp> {
    let instant = text.parse().ok();
    if instant.is_none() {
        let what = format!("is `{text}`, which is no instant");
        let expected = "expected one such as `2026-06-15T00:00:00Z`";
        cx.expected(&format!("{PATH}.from"), what, expected);
    }
    instant
}

fn layout(
    cx: &mut Context<'_>,
    spec: &MarketReplaySpec,
    header: &csv::StringRecord,
) -> Option<Layout> {
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    let columns = &spec.columns;
    let mut place = |field: &str, name: &Option<String>, default: &str, optional: bool| {
        let wanted = name.as_deref().unwrap_or(default);
        let place = names.iter().position(|known| *known == wanted);
        if place.is_none() && !(optional && name.is_none()) {
            let at = match name {
                Some(_) => format!("{PATH}.columns.{field}"),
                None => format!("{PATH}.path"),
            };
            cx.unknown(&at, "column", wanted, names.iter().copied());
        }
        place
    };
    let time = place("time", &columns.time, "time", false);
    let instance_type = place(
        "instanceType",
        &columns.instance_type,
        "instance_type",
        false,
    );
    let zone = place("zone", &columns.zone, "zone", false);
    let price = place("price", &columns.price, "price", true);
    let available = place("available", &columns.available, "available", true);
    if price.is_none()
        && available.is_none()
        && columns.price.is_none()
        && columns.available.is_none()
    {
        let what = "has neither prices nor availability";
        let expected = "expected a column `price` or `available`, or their names under `columns`";
        cx.expected(&format!("{PATH}.path"), what, expected);
        return None;
    }
    Some(Layout {
        time: time?,
        instance_type: instance_type?,
        zone: zone?,
        price,
        available,
        fields: names.len(),
    })
}

/// Reads rows.
struct Reader<'r, 'c> {
    cx: &'r Context<'c>,
    catalog: &'r Catalog,
    layout: Layout,
    /// Types and zones the region does not have, and how many rows are about them.
    unknown: BTreeMap<String, u64>,
}

impl Reader<'_, '_> {
    /// What a row says; nothing if it is about a pool the region does not have.
    fn row(&mut self, row: &csv::StringRecord) -> Result<Option<Observation>, Mistake> {
        let line = row.position().map_or(0, csv::Position::line);
        let wrong = |column: usize, message: String, expected: &str| Mistake {
            line,
            column: column + 1,
            message,
            expected: expected.to_owned(),
        };
        let layout = &self.layout;
        if row.len() != layout.fields {
            let fields = layout.fields;
            return Err(Mistake {
                column: 0,
                ..wrong(
                    0,
                    format!("the row has {} fields", row.len()),
                    &format!("expected {fields}, as in the header"),
                )
            });
        }
        let text = |place: usize| row[place].trim();
        let at = text(layout.time).parse::<Timestamp>().map_err(|_| {
            let message = format!("cannot read the time `{}`", text(layout.time));
            wrong(
                layout.time,
                message,
                "expected one such as `2026-06-15T00:00:00Z`",
            )
        })?;
        let price = match layout.price.map(|place| (place, text(place))) {
            None | Some((_, "")) => None,
            Some((place, text)) => Some(price(text).ok_or_else(|| {
                let message = format!("cannot read the price `{text}`");
                wrong(
                    place,
                    message,
                    "expected dollars per hour above 0, such as `0.0407`",
                )
            })?),
        };
        let up = match layout.available.map(|place| (place, text(place))) {
            None | Some((_, "")) => None,
            Some((place, text)) => Some(availability(text).ok_or_else(|| {
                let message = format!("cannot read the availability `{text}`");
                wrong(
                    place,
                    message,
                    "expected `1`, `true`, `yes`, `up`, or `0`, `false`, `no`, `down`",
                )
            })?),
        };
        if price.is_none() && up.is_none() {
            let expected = "expected a price or an availability";
            return Err(Mistake {
                column: 0,
                ..wrong(0, "the row says nothing".to_owned(), expected)
            });
        }
        let pool = self.pool(text(layout.instance_type), text(layout.zone));
        Ok(pool.map(|pool| Observation {
            line,
            at,
            pool,
            price,
            up,
        }))
    }

    fn pool(&mut self, kind: &str, zone: &str) -> Option<Pool> {
        let symbols = &self.cx.symbols;
        let id = symbols.get(kind).and_then(|name| self.catalog.id_of(name));
        let place = symbols
            .get(zone)
            .and_then(|zone| self.catalog.zone_place(zone));
        let sold = |(id, place)| {
            let terms = self.catalog.terms(id);
            terms.zones.contains(&place) && terms.spot_price(place).is_some()
        };
        let pool = id.zip(place).filter(|&pool| sold(pool));
        if pool.is_none() {
            let name = match (id, place) {
                (None, _) => format!("type `{kind}`"),
                (_, None) => format!("zone `{zone}`"),
                _ => format!("`{kind}` as spot in `{zone}`"),
            };
            *self.unknown.entry(name).or_default() += 1;
        }
        pool.map(|(instance_type, place)| Pool {
            instance_type,
            zone: self.catalog.zones[place].id,
        })
    }
}

fn price(text: &str) -> Option<Price> {
    let price = NanoUsd::parse(text).and_then(|price| u64::try_from(price.0).ok());
    price.filter(|price| *price > 0).map(Price)
}

fn availability(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "up" => Some(true),
        "0" | "false" | "no" | "down" => Some(false),
        _ => None,
    }
}

fn unreadable(error: csv::Error) -> Mistake {
    Mistake {
        line: error.position().map_or(0, csv::Position::line),
        column: 0,
        message: "the row cannot be read".to_owned(),
        expected: "expected text in UTF-8".to_owned(),
    }
}

/// Rows that say something else of a pool at the same instant than the one before; the observations are in order.
fn contradictions(seen: &[Observation]) -> Vec<Mistake> {
    let differ = |a: Option<u64>, b: Option<u64>| a.zip(b).is_some_and(|(a, b)| a != b);
    let contradicts = |pair: &&[Observation]| {
        let [first, second] = pair else { return false };
        let same = (first.pool, first.at) == (second.pool, second.at);
        let prices = differ(first.price.map(|p| p.0), second.price.map(|p| p.0));
        same && (prices || differ(first.up.map(u64::from), second.up.map(u64::from)))
    };
    let mistake = |pair: &[Observation]| Mistake {
        line: pair[1].line,
        column: 0,
        message: format!("the row contradicts line {}", pair[0].line),
        expected: "expected one price and one availability of a pool at one instant".to_owned(),
    };
    seen.windows(2).filter(contradicts).map(mistake).collect()
}

fn report(cx: &mut Context<'_>, lines: &Lines<'_>, path: &str, mut mistakes: Vec<Mistake>) {
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    let hidden = mistakes.len().saturating_sub(SHOWN);
    for mistake in mistakes.into_iter().take(SHOWN) {
        let span = lines.span(mistake.line, mistake.column as u32);
        cx.push(Diagnostic::error(span, mistake.message).expected(mistake.expected));
    }
    if hidden > 0 {
        let at = cx.span(&format!("{PATH}.path"));
        cx.push(Diagnostic::error(
            at,
            format!("`{path}` has {hidden} more mistakes"),
        ));
    }
}

fn warn_of_unknown(cx: &mut Context<'_>, path: &str, unknown: &BTreeMap<String, u64>) {
    let Some(first) = unknown.keys().next() else {
        return;
    };
    let rows: u64 = unknown.values().sum();
    let region = cx.text("region").unwrap_or_default();
    let message = format!("{rows} rows of `{path}` are about pools that {region} does not have");
    let at = cx.span(&format!("{PATH}.path"));
    cx.push(
        Diagnostic::warning(at, message).help(format!("they are left out; the first: {first}")),
    );
}

fn by_pool(seen: &[Observation], from: Timestamp) -> Vec<PoolRecord> {
    let mut records: Vec<PoolRecord> = Vec::new();
    for observation in seen {
        if records
            .last()
            .is_none_or(|last| last.pool != observation.pool)
        {
            records.push(PoolRecord {
                pool: observation.pool,
                prices: Vec::new(),
                states: Vec::new(),
            });
        }
        let Some(record) = records.last_mut() else {
            continue;
        };
        // What was before time zero holds at time zero, the last of it.
        let since = observation.at.duration_since(from).as_micros();
        let at = SimTime::from_micros(u64::try_from(since).unwrap_or(0));
        if let Some(price) = observation.price {
            set(&mut record.prices, at, price);
        }
        if let Some(up) = observation.up {
            set(&mut record.states, at, up);
        }
    }
    records
}

fn set<T>(series: &mut Vec<(SimTime, T)>, at: SimTime, value: T) {
    match series.last_mut() {
        Some(last) if last.0 == at => last.1 = value,
        _ => series.push((at, value)),
    }
}
