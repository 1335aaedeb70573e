//! What time does this text mean? The ways open data portals write times, and which of them a file
//! uses.

use std::fmt;

use jiff::civil::{self, DateTime};
use jiff::fmt::strtime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// How a file writes its times. All but epochs may have fractions of a second, an AM or PM, and an
/// offset from UTC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StampFormat {
    /// `YYYY-MM-DD HH:MM[:SS]`, also with `T` between or with slashes; RFC 3339.
    YearFirst,
    /// `DD/MM/YYYY HH:MM[:SS]`, also with dashes or dots.
    DayFirst,
    /// `MM/DD/YYYY HH:MM[:SS]`, also with dashes or dots.
    MonthFirst,
    /// Seconds since 1970-01-01T00:00:00Z.
    EpochSeconds,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    EpochMillis,
    /// A format in the language of strftime.
    Strftime(String),
}

/// A time as it is written: with or without its place on the world's time line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stamp {
    /// What a clock on the wall showed.
    Civil(DateTime),
    /// An instant.
    Instant(Timestamp),
}

/// The formats that are told apart by looking at a file.
const DETECTED: [StampFormat; 5] = [
    StampFormat::YearFirst,
    StampFormat::DayFirst,
    StampFormat::MonthFirst,
    StampFormat::EpochSeconds,
    StampFormat::EpochMillis,
];

/// Epoch stamps with this many digits count seconds (1973 to 5138), with more milliseconds.
const EPOCH_SECOND_DIGITS: std::ops::RangeInclusive<usize> = 9..=11;
const EPOCH_MILLI_DIGITS: std::ops::RangeInclusive<usize> = 12..=14;

impl fmt::Display for StampFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::YearFirst => "YYYY-MM-DD HH:MM:SS",
            Self::DayFirst => "DD/MM/YYYY HH:MM:SS",
            Self::MonthFirst => "MM/DD/YYYY HH:MM:SS",
            Self::EpochSeconds => "seconds since 1970",
            Self::EpochMillis => "milliseconds since 1970",
            Self::Strftime(format) => format,
        })
    }
}

impl StampFormat {
    /// A format in the language of strftime, if it is one and reads back what it writes to the
    /// minute.
    pub(super) fn strftime(format: &str) -> Result<Self, String> {
        let sample = civil::datetime(2015, 11, 23, 16, 57, 0, 0);
        let zoned = Offset::UTC
            .to_timestamp(sample)
            .map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC));
        let candidate = Self::Strftime(format.to_owned());
        let written = zoned
            .and_then(|zoned| strtime::format(format, &zoned))
            .map_err(|error| error.to_string())?;
        match candidate.read(&written) {
            Some(Stamp::Civil(read)) if read == sample => Ok(candidate),
            Some(Stamp::Instant(read)) if Offset::UTC.to_datetime(read) == sample => Ok(candidate),
            _ => Err("it does not tell year, month, day, hour and minute".into()),
        }
    }

    /// The time that `text` means in this format.
    pub(super) fn read(&self, text: &str) -> Option<Stamp> {
        let text = text.trim();
        match self {
            Self::YearFirst => Written::scan(text)?.stamp(|[year, month, day]| [year, month, day]),
            Self::DayFirst => Written::scan(text)?.stamp(|[day, month, year]| [year, month, day]),
            Self::MonthFirst => Written::scan(text)?.stamp(|[month, day, year]| [year, month, day]),
            Self::EpochSeconds => epoch(text, EPOCH_SECOND_DIGITS, SignedDuration::from_secs),
            Self::EpochMillis => epoch(text, EPOCH_MILLI_DIGITS, SignedDuration::from_millis),
            Self::Strftime(format) => {
                let read = strtime::parse(format, text).ok()?;
                match read.to_timestamp() {
                    Ok(instant) => Some(Stamp::Instant(instant)),
                    Err(_) => read.to_datetime().ok().map(Stamp::Civil),
                }
            }
        }
    }
}

/// Finds the format of a file from all its time stamps.
#[derive(Debug, Default)]
pub(super) struct Detector {
    seen: u64,
    read: [u64; DETECTED.len()],
}

/// What a [`Detector`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Detected {
    /// The format that reads most of the stamps.
    Format(StampFormat),
    /// There was no stamp.
    Nothing,
    /// No format reads any of them.
    Unknown,
    /// Every stamp reads with the day first and with the month first.
    DayOrMonth,
}

impl Detector {
    pub(super) fn see(&mut self, text: &str) {
        self.seen += 1;
        for (count, format) in self.read.iter_mut().zip(&DETECTED) {
            *count += u64::from(format.read(text).is_some());
        }
    }

    pub(super) fn verdict(&self) -> Detected {
        let most = self.read.iter().copied().max().unwrap_or(0);
        let mut best = self
            .read
            .iter()
            .zip(&DETECTED)
            .filter(|&(&count, _)| count == most)
            .map(|(_, format)| format);
        match (self.seen, most, best.next(), best.next()) {
            (0, ..) => Detected::Nothing,
            (_, 1.., Some(format), None) => Detected::Format(format.clone()),
            (_, 1.., ..) => Detected::DayOrMonth,
            _ => Detected::Unknown,
        }
    }
}

fn epoch(
    text: &str,
    digits: std::ops::RangeInclusive<usize>,
    unit: impl Fn(i64) -> SignedDuration,
) -> Option<Stamp> {
    let mut scanner = Scanner(text.as_bytes());
    let (count, length) = scanner.number(*digits.end())?;
    let fraction = if scanner.eat(b'.') {
        scanner.fraction()?
    } else {
        0
    };
    let whole = unit(count);
    let part = SignedDuration::from_nanos(i64::from(fraction) * unit(1).as_millis() as i64 / 1_000);
    let instant = Timestamp::from_duration(whole + part).ok()?;
    (digits.contains(&length) && scanner.0.is_empty()).then_some(Stamp::Instant(instant))
}

/// A date and a time of day, the order of the date's parts still open.
struct Written {
    date: [(i64, usize); 3],
    time: civil::Time,
    offset: Option<Offset>,
}

impl Written {
    fn scan(text: &str) -> Option<Self> {
        let mut scanner = Scanner(text.as_bytes());
        let first = scanner.number(4)?;
        let separator = scanner.any(b"-/.")?;
        let second = scanner.number(2)?;
        scanner.eat(separator).then_some(())?;
        let third = scanner.number(4)?;
        scanner.any(b"T ")?;
        scanner.spaces();
        let time = scanner.time()?;
        scanner.spaces();
        let offset = scanner.offset()?;
        scanner.0.is_empty().then_some(Self {
            date: [first, second, third],
            time,
            offset,
        })
    }

    /// The time, once `order` has sorted the parts of the date into year, month, day. Years have
    /// four digits, the others fewer.
    fn stamp(self, order: impl Fn([(i64, usize); 3]) -> [(i64, usize); 3]) -> Option<Stamp> {
        let [(year, 4), (month, 1..=2), (day, 1..=2)] = order(self.date) else {
            return None;
        };
        let date = civil::Date::new(year as i16, month as i8, day as i8).ok()?;
        let local = DateTime::from_parts(date, self.time);
        match self.offset {
            None => Some(Stamp::Civil(local)),
            Some(offset) => offset.to_timestamp(local).ok().map(Stamp::Instant),
        }
    }
}

/// The rest of a text that is being read from the left.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        self.any(&[byte]).is_some()
    }

    fn any(&mut self, bytes: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        bytes.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn spaces(&mut self) {
        while self.eat(b' ') {}
    }

    /// One to `digits_max` digits: their value and their number.
    fn number(&mut self, digits_max: usize) -> Option<(i64, usize)> {
        let length = self
            .0
            .iter()
            .take(digits_max)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let value = digits
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        (length > 0).then_some((value, length))
    }

    /// The digits after a decimal point, in nanoseconds; what is finer is cut off.
    fn fraction(&mut self) -> Option<i32> {
        let (value, length) = self.number(9)?;
        while self.any(b"0123456789").is_some() {}
        i32::try_from(value * 10_i64.pow(9 - length as u32)).ok()
    }

    /// `HH:MM[:SS[.fff]] [AM|PM]`.
    fn time(&mut self) -> Option<civil::Time> {
        let (hour, _) = self.number(2)?;
        self.eat(b':').then_some(())?;
        let (minute, _) = self.number(2)?;
        let second = if self.eat(b':') { self.number(2)?.0 } else { 0 };
        let nanosecond = if self.any(b".,").is_some() {
            self.fraction()?
        } else {
            0
        };
        self.spaces();
        let hour = match self.any(b"AaPp") {
            None => hour,
            Some(half) => {
                self.any(b"Mm")?;
                let noon = if half.eq_ignore_ascii_case(&b'p') {
                    12
                } else {
                    0
                };
                (1..=12).contains(&hour).then_some(hour % 12 + noon)?
            }
        };
        civil::Time::new(hour as i8, minute as i8, second as i8, nanosecond).ok()
    }

    /// `Z`, `+HH`, `+HH:MM`, `-HHMM`, or nothing.
    fn offset(&mut self) -> Option<Option<Offset>> {
        if self.0.is_empty() {
            return Some(None);
        }
        if self.any(b"Zz").is_some() {
            return Some(Some(Offset::UTC));
        }
        let sign = if self.any(b"+-")? == b'-' { -1 } else { 1 };
        let (hours, _) = self.number(2)?;
        let colon = self.eat(b':');
        let minutes = match self.number(2) {
            Some((minutes, _)) => minutes,
            None if colon => return None,
            None => 0,
        };
        let seconds = i32::try_from(sign * (hours * 3_600 + minutes * 60)).ok()?;
        Offset::from_seconds(seconds).ok().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(text: &str) -> Option<Stamp> {
        Some(Stamp::Civil(text.parse().expect("a civil time")))
    }

    fn instant(text: &str) -> Option<Stamp> {
        Some(Stamp::Instant(text.parse().expect("an instant")))
    }

    #[test]
    fn the_layouts_of_the_portals_are_read() {
        use StampFormat::{DayFirst, EpochMillis, EpochSeconds, MonthFirst, YearFirst};
        assert_eq!(
            YearFirst.read("2015-02-04 09:01:07"),
            civil("2015-02-04T09:01:07")
        );
        assert_eq!(
            YearFirst.read("2015-02-04 09:01:07.25"),
            civil("2015-02-04T09:01:07.25")
        );
        assert_eq!(
            YearFirst.read("2015-02-04T09:01:07"),
            civil("2015-02-04T09:01:07")
        );
        assert_eq!(
            YearFirst.read(" 2015/2/4 9:01 "),
            civil("2015-02-04T09:01:00")
        );
        assert_eq!(
            YearFirst.read("2015-02-04T09:01:07Z"),
            instant("2015-02-04T09:01:07Z")
        );
        assert_eq!(
            YearFirst.read("2015-02-04T09:01:07.5-05:00"),
            instant("2015-02-04T14:01:07.5Z")
        );
        assert_eq!(
            YearFirst.read("2015-02-04 09:01:07+0530"),
            instant("2015-02-04T03:31:07Z")
        );
        assert_eq!(
            YearFirst.read("2015-02-04 09:01:07+00"),
            instant("2015-02-04T09:01:07Z")
        );
        assert_eq!(
            MonthFirst.read("02/14/2015 12:05:00 AM"),
            civil("2015-02-14T00:05:00")
        );
        assert_eq!(
            MonthFirst.read("02/14/2015 12:05:00 pm"),
            civil("2015-02-14T12:05:00")
        );
        assert_eq!(
            DayFirst.read("14/02/2015 17:05"),
            civil("2015-02-14T17:05:00")
        );
        assert_eq!(
            DayFirst.read("14-02-2015 17:05:09"),
            civil("2015-02-14T17:05:09")
        );
        assert_eq!(
            EpochSeconds.read("1423040467"),
            instant("2015-02-04T09:01:07Z")
        );
        assert_eq!(
            EpochSeconds.read("1423040467.5"),
            instant("2015-02-04T09:01:07.5Z")
        );
        assert_eq!(
            EpochMillis.read("1423040467250"),
            instant("2015-02-04T09:01:07.25Z")
        );
    }

    #[test]
    fn what_is_not_a_time_of_that_layout_is_not_read() {
        use StampFormat::{DayFirst, EpochMillis, EpochSeconds, MonthFirst, YearFirst};
        let no_times = [
            "",
            "2015-02-04",
            "2015-02-30 09:00",
            "2015-02-04 24:00",
            "2015-02-04 09:60",
            "2015-02-04 13:00 PM",
            "2015-02-04 00:10 AM",
            "2015-02-04 09",
            "2015-02/04 09:00",
            "2015-02-04 09:00 x",
            "2015-02-04 09:00+5:",
            "04-02-15 09:00",
            "1423040467",
        ];
        for text in no_times {
            assert_eq!(YearFirst.read(text), None, "{text}");
        }
        assert_eq!(MonthFirst.read("14/02/2015 17:05"), None);
        assert_eq!(DayFirst.read("02/14/2015 17:05"), None);
        assert_eq!(EpochSeconds.read("1423040467250"), None);
        assert_eq!(EpochMillis.read("1423040467"), None);
        assert_eq!(EpochSeconds.read("14230404x7"), None);
    }

    #[track_caller]
    fn check_detection(stamps: &[&str], expected: &Detected) {
        let mut detector = Detector::default();
        stamps.iter().for_each(|text| detector.see(text));
        assert_eq!(detector.verdict(), *expected);
    }

    #[test]
    fn the_whole_file_decides_between_day_and_month() {
        check_detection(
            &["01/02/2015 09:00", "02/02/2015 09:00"],
            &Detected::DayOrMonth,
        );
        check_detection(
            &["01/02/2015 09:00", "13/02/2015 09:00"],
            &Detected::Format(StampFormat::DayFirst),
        );
        check_detection(
            &["01/02/2015 09:00", "02/13/2015 09:00"],
            &Detected::Format(StampFormat::MonthFirst),
        );
        check_detection(
            &["soon", "2015-02-13 09:00"],
            &Detected::Format(StampFormat::YearFirst),
        );
        check_detection(&["soon", "later"], &Detected::Unknown);
        check_detection(&[], &Detected::Nothing);
    }

    #[test]
    fn formats_of_ones_own_are_tried_before_use() {
        let format = StampFormat::strftime("%d.%m.%y %Hh%M").expect("a format");
        assert_eq!(format.read("04.02.15 09h30"), civil("2015-02-04T09:30:00"));
        assert_eq!(format.read("2015-02-04 09:30"), None);
        let zoned = StampFormat::strftime("%Y-%m-%dT%H:%M:%S%z").expect("a format");
        assert_eq!(
            zoned.read("2015-02-04T09:30:00-0500"),
            instant("2015-02-04T14:30:00Z")
        );
        assert!(StampFormat::strftime("%Y-%m-%d %Q9").is_err());
        assert_eq!(
            StampFormat::strftime("%Y-%m-%d"),
            Err("it does not tell year, month, day, hour and minute".into())
        );
    }
}
