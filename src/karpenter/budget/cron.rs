//! When does a schedule fire next? Five-field cron and its macros as budgets write them, in UTC (spec/karpenter.md 4.12).

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};
use jiff::{ToSpan, Unit};

/// A schedule without a firing within so many years never fires.
const YEARS_AHEAD: i16 = 5;

/// A cron schedule; each field is a bit set of its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether a day must be right both of the month and of the week. Where both fields are restricted, either is enough.
    both_days: bool,
}

/// Why a text is no schedule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CronError {
    /// Not a known macro.
    #[error("`{0}` is no schedule macro, expected one such as `@daily`, `@weekly` or `@hourly`")]
    Macro(String),
    /// Not five fields.
    #[error("`{schedule}` has {found} fields, expected minute, hour, day, month and weekday")]
    Fields {
        /// The whole text.
        schedule: String,
        /// How many it has.
        found: usize,
    },
    /// A field that cannot be read.
    #[error("`{value}` is no {field} of a schedule, which goes from {low} to {high}")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// What was written.
        value: String,
        /// Least value.
        low: u32,
        /// Greatest value.
        high: u32,
    },
}

struct Field {
    name: &'static str,
    range: RangeInclusive<u32>,
    /// Names of the values, from the least value on.
    names: &'static [&'static str],
}

const MINUTE: Field = Field {
    name: "minute",
    range: 0..=59,
    names: &[],
};
const HOUR: Field = Field {
    name: "hour",
    range: 0..=23,
    names: &[],
};
const DAY: Field = Field {
    name: "day of the month",
    range: 1..=31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    range: 1..=12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAY: Field = Field {
    name: "weekday",
    range: 0..=6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Cron {
    /// Reads five fields or a macro.
    ///
    /// # Errors
    /// Which part is wrong, and what is expected there.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let fields = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => return Err(CronError::Macro(other.to_owned())),
            other => other,
        };
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(CronError::Fields {
                schedule: text.to_owned(),
                found: fields.len(),
            });
        };
        let (days, any_day) = DAY.parse(day)?;
        let (weekdays, any_weekday) = WEEKDAY.parse(weekday)?;
        Ok(Self {
            minutes: MINUTE.parse(minute)?.0,
            hours: HOUR.parse(hour)?.0,
            days,
            months: MONTH.parse(month)?.0,
            weekdays,
            both_days: any_day || any_weekday,
        })
    }

    /// The first firing strictly after `instant`; none if there is none within five years.
    #[must_use]
    pub fn next_after(&self, instant: DateTime) -> Option<DateTime> {
        let start = instant.checked_add(1.second()).ok()?;
        // A firing is a whole minute, so that the first candidate is the next whole minute at or after the next whole second.
        let start = truncated(start, Unit::Second);
        let start = match start.second() {
            0 => start,
            second => start.checked_add((60 - i64::from(second)).seconds()).ok()?,
        };
        let last_year = start.year().checked_add(YEARS_AHEAD)?;
        let mut day = start.date();
        let mut earliest = start.time();
        while day.year() <= last_year {
            if self.fires_on(day)
                && let Some(time) = self.first_time(earliest)
            {
                return Some(day.to_datetime(time));
            }
            day = day.tomorrow().ok()?;
            earliest = Time::midnight();
        }
        None
    }

    fn fires_on(&self, day: Date) -> bool {
        let of_month = has(self.days, day.day());
        let of_week = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        let days = if self.both_days {
            of_month && of_week
        } else {
            of_month || of_week
        };
        has(self.months, day.month()) && days
    }

    /// The first firing of a matching day that is not before `earliest`.
    fn first_time(&self, earliest: Time) -> Option<Time> {
        let (hour, minute) = (earliest.hour(), earliest.minute());
        if has(self.hours, hour)
            && let Some(minute) = first_from(self.minutes, minute)
        {
            return Some(jiff::civil::time(hour, minute, 0, 0));
        }
        let hour = first_from(self.hours, hour + 1)?;
        let minute = first_from(self.minutes, 0)?;
        Some(jiff::civil::time(hour, minute, 0, 0))
    }
}

fn truncated(instant: DateTime, unit: Unit) -> DateTime {
    let rounding = jiff::civil::DateTimeRound::new()
        .smallest(unit)
        .mode(jiff::RoundMode::Trunc);
    instant.round(rounding).unwrap_or(instant)
}

fn has(set: u64, value: i8) -> bool {
    set >> value & 1 == 1
}

/// The least value of `set` that is not below `from`.
fn first_from(set: u64, from: i8) -> Option<i8> {
    let rest = set >> from << from;
    (rest != 0).then(|| rest.trailing_zeros() as i8)
}

impl Field {
    /// The values as a bit set, and whether the field was left open (`*` or `?` without a step).
    fn parse(&self, text: &str) -> Result<(u64, bool), CronError> {
        let mut set = 0;
        let mut open = false;
        for part in text.split(',') {
            let (values, any) = self.part(part).ok_or_else(|| self.error(part))?;
            set |= values;
            open |= any;
        }
        Ok((set, open))
    }

    /// One of the parts between commas: `*`, `5`, `1-5`, each with or without `/step`. A step after a single value runs to the end.
    fn part(&self, part: &str) -> Option<(u64, bool)> {
        let (span, step) = match part.split_once('/') {
            None => (part, None),
            Some((span, step)) => (span, Some(step.parse().ok().filter(|&step| step > 0)?)),
        };
        let (least, most) = (*self.range.start(), *self.range.end());
        let (any, low, high) = match (span, span.split_once('-')) {
            ("*" | "?", _) => (true, least, most),
            (_, Some((low, high))) => (false, self.value(low)?, self.value(high)?),
            (_, None) => {
                let value = self.value(span)?;
                (false, value, if step.is_some() { most } else { value })
            }
        };
        if low > high {
            return None;
        }
        let step = step.unwrap_or(1);
        let values = (low..=high).step_by(step);
        let set = values.fold(0, |set, value| set | 1 << value);
        Some((set, any && step == 1))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = |name: &&str| name.eq_ignore_ascii_case(text);
        let value = match self.names.iter().position(named) {
            Some(place) => self.range.start() + u32::try_from(place).ok()?,
            None => text.parse().ok()?,
        };
        self.range.contains(&value).then_some(value)
    }

    fn error(&self, value: &str) -> CronError {
        CronError::Value {
            field: self.name,
            value: value.to_owned(),
            low: *self.range.start(),
            high: *self.range.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, after: &str, expected: &str) {
        let next = Cron::parse(schedule)
            .unwrap()
            .next_after(after.parse().unwrap());
        assert_eq!(
            next,
            Some(expected.parse().unwrap()),
            "{schedule} after {after}"
        );
    }

    #[test]
    fn the_next_firing_is_strictly_later() {
        check("0 9 * * *", "2026-11-23T08:59:59.999", "2026-11-23T09:00");
        check("0 9 * * *", "2026-11-23T09:00", "2026-11-24T09:00");
        check("0 9 * * *", "2026-11-23T09:00:00.5", "2026-11-24T09:00");
        check("* * * * *", "2026-11-23T09:00:30", "2026-11-23T09:01");
    }

    #[test]
    fn names_ranges_lists_and_steps() {
        check("0 9 * * mon-fri", "2026-11-20T10:00", "2026-11-23T09:00");
        check("0 9 * * MON,5", "2026-11-23T10:00", "2026-11-27T09:00");
        check("*/20 * * * *", "2026-11-23T09:25", "2026-11-23T09:40");
        check("50/5 8-10 * * *", "2026-11-23T10:55", "2026-11-24T08:50");
        check("0 0 1 jan-mar/2 *", "2026-01-02T00:00", "2026-03-01T00:00");
        check("0 0 29 2 *", "2026-11-23T00:00", "2028-02-29T00:00");
    }

    #[test]
    fn macros() {
        check("@hourly", "2026-11-23T09:25", "2026-11-23T10:00");
        check("@daily", "2026-12-31T09:25", "2027-01-01T00:00");
        check("@weekly", "2026-11-23T00:00", "2026-11-29T00:00");
        check("@monthly", "2026-11-23T00:00", "2026-12-01T00:00");
        check("@yearly", "2026-11-23T00:00", "2027-01-01T00:00");
    }

    #[test]
    fn restricted_day_and_weekday_are_alternatives() {
        check("0 0 13 * fri", "2026-11-23T00:00", "2026-11-27T00:00");
        check("0 0 25 * fri", "2026-11-23T00:00", "2026-11-25T00:00");
        check("0 0 13 * *", "2026-11-23T00:00", "2026-12-13T00:00");
        // A step closes the star, as in the cron library Karpenter uses.
        check("0 0 */31 * mon", "2026-11-24T00:00", "2026-11-30T00:00");
    }

    #[test]
    fn some_days_never_come() {
        let never = Cron::parse("0 0 30 2 *").unwrap();
        assert_eq!(never.next_after("2026-11-23T00:00".parse().unwrap()), None);
    }

    #[test]
    fn refuses_what_is_no_schedule() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 * 13 *",
            "0 0 * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "x * * * *",
            "@every 1h",
            "@noon",
        ] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
    }
}
