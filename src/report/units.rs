//! How does a person read this number? Counts, spans, money, shares and bytes as text.

const MICROS_PER_SECOND: f64 = 1e6;
const NANOS_PER_CENT: i128 = 10_000_000;

/// `1,234,567`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 pod`, `1,234 pods`.
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(value))
}

/// `1,234.5`: a number of three significant digits or all digits before the point.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size == 0.0 || size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    let sign = if value < 0.0 { "−" } else { "" };
    let rounded = format!("{size:.decimals$}");
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let whole = count(whole.parse().unwrap_or(u64::MAX));
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// A span of microseconds: `850 µs`, `12.3 ms`, `4.21 s`, `4 m 05 s`, `3 h 07 m`, `2 d 04 h`.
pub fn duration(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match micros {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{micros} µs"),
        1_000..999_950 => format!("{} ms", three_digits(micros as f64 / 1e3)),
        999_950..60_000_000 => {
            let micros = micros.min(59_949_999);
            format!("{} s", three_digits(micros as f64 / MICROS_PER_SECOND))
        }
        60_000_000..3_600_000_000 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3_600_000_000..86_400_000_000 => {
            format!("{} h {:02} m", seconds / 3_600, seconds / 60 % 60)
        }
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A span without its zero tail, for the length of a run: `28 days`, `6 h`, `45 m`.
pub fn span(micros: u64) -> String {
    const DAY: u64 = 86_400_000_000;
    if micros >= DAY && micros.is_multiple_of(DAY) {
        return counted(micros / DAY, "day");
    }
    let text = duration(micros);
    match text.rsplit_once(" 00 ") {
        Some((whole, _)) => whole.to_owned(),
        None => text,
    }
}

fn three_digits(value: f64) -> String {
    match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Nano-dollars as `$1,234.56`; under ten cents with four decimals, `$0.0312`.
pub fn usd(nanos: i128) -> String {
    let sign = if nanos < 0 { "−" } else { "" };
    let size = nanos.unsigned_abs();
    let cent = NANOS_PER_CENT.unsigned_abs();
    if size > 0 && size < 10 * cent {
        return format!("{sign}$0.{:04}", (size + cent / 200) / (cent / 100));
    }
    let cents = (size + cent / 2) / cent;
    let dollars = u64::try_from(cents / 100).unwrap_or(u64::MAX);
    format!("{sign}${}.{:02}", count(dollars), cents % 100)
}

/// A share as `99.95 %`, rounded down so that only all of it reads `100.00 %`; `–` of nothing.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// A ratio as `63.4 %`, from 100 % on without decimals.
pub fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let decimals = usize::from(percent < 99.95);
    format!("{percent:.decimals$} %")
}

/// `1.2 GiB`, `340 MiB`.
pub fn bytes(value: u64) -> String {
    let mib = value as f64 / f64::from(1 << 20);
    if mib >= 1_024.0 {
        format!("{} GiB", three_digits(mib / 1_024.0))
    } else {
        format!("{} MiB", three_digits(mib))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(counted(1, "pod"), "1 pod");
        assert_eq!(counted(2_000, "pod"), "2,000 pods");
    }

    #[test]
    fn numbers_keep_three_digits() {
        let read = [0.0, 0.25, 1.5, 12.34, 123.4, 1_234.0, -2.5].map(number);
        assert_eq!(read, ["0", "0.25", "1.5", "12.3", "123", "1,234", "−2.5"]);
    }

    #[test]
    fn spans_read_in_the_unit_of_their_size() {
        let spans = [
            (0, "0 s"),
            (850, "850 µs"),
            (12_340, "12.3 ms"),
            (999_960, "1.00 s"),
            (4_210_000, "4.21 s"),
            (59_999_000, "59.9 s"),
            (245_000_000, "4 m 05 s"),
            (11_220_000_000, "3 h 07 m"),
            (187_200_000_000, "2 d 04 h"),
        ];
        for (micros, text) in spans {
            assert_eq!(duration(micros), text);
        }
        assert_eq!(span(28 * 86_400_000_000), "28 days");
        assert_eq!(span(6 * 3_600_000_000), "6 h");
        assert_eq!(span(90 * 60_000_000), "1 h 30 m");
    }

    #[test]
    fn money_rounds_to_the_cent_and_keeps_small_prices() {
        let read = [
            0,
            1_234_560_000_000,
            1_005_000_000,
            31_200_000,
            -2_500_000_000,
        ]
        .map(usd);
        assert_eq!(read, ["$0.00", "$1,234.56", "$1.01", "$0.0312", "−$2.50"]);
    }

    #[test]
    fn a_share_never_rounds_up_to_all() {
        assert_eq!(share(999_999, 1_000_000), "99.99 %");
        assert_eq!(share(5, 5), "100.00 %");
        assert_eq!(share(0, 0), "–");
        assert_eq!(
            [0.634, 0.3, 2.31].map(percent),
            ["63.4 %", "30.0 %", "231 %"]
        );
    }

    #[test]
    fn memory_is_in_binary_units() {
        assert_eq!(bytes(340 << 20), "340 MiB");
        assert_eq!(bytes(3 << 29), "1.50 GiB");
    }
}
