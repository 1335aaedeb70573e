//! What does a scalar mean? YAML 1.2.2, section 10.3 (core schema).

use super::Value;

/// The value of an unquoted scalar.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ => infinity(text)
            .or_else(|| integer(text).map(Value::Int))
            .or_else(|| float(text).map(Value::Float))
            .unwrap_or_else(|| Value::Str(text.to_owned())),
    }
}

fn infinity(text: &str) -> Option<Value> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    matches!(rest, ".inf" | ".Inf" | ".INF").then_some(Value::Float(sign * f64::INFINITY))
}

fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0o") {
        return digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| i64::from_str_radix(digits, 8).ok())?;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then(|| i64::from_str_radix(digits, 16).ok())?;
    }
    text.parse().ok()
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn float(text: &str) -> Option<f64> {
    // Rust also reads `inf`, `nan` and their kin, which are words in YAML: only these characters make a number.
    let numeric = text
        .bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    (numeric && digits).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_schema() {
        let text = |s: &str| Value::Str(s.to_owned());
        let cases = [
            ("", Value::Null),
            ("~", Value::Null),
            ("nul", text("nul")),
            ("TRUE", Value::Bool(true)),
            ("yes", text("yes")),
            ("off", text("off")),
            ("0", Value::Int(0)),
            ("-19", Value::Int(-19)),
            ("+7", Value::Int(7)),
            ("0755", Value::Int(755)),
            ("0o14", Value::Int(12)),
            ("0x3A", Value::Int(58)),
            ("0x", text("0x")),
            ("0x-1", text("0x-1")),
            ("1_000", text("1_000")),
            (
                "9223372036854775808",
                Value::Float(9_223_372_036_854_775_808.0),
            ),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("-12e03", Value::Float(-12000.0)),
            ("1.14.1", text("1.14.1")),
            ("1e", text("1e")),
            (".", text(".")),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            ("+.INF", Value::Float(f64::INFINITY)),
            ("inf", text("inf")),
            ("nan", text("nan")),
            ("500m", text("500m")),
            ("2026-06-15", text("2026-06-15")),
        ];
        for (written, meant) in cases {
            assert_eq!(plain(written), meant, "{written}");
        }
        assert!(matches!(plain(".NaN"), Value::Float(x) if x.is_nan()));
    }
}
