//! How long does it take, as a distribution?

use super::context::Context;
use crate::api::GoDuration;
use crate::des::Dist;
use crate::scenario::spec::service::DistSpec;

/// The unit a distribution is wanted in, in microseconds.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Micros,
    Secs,
}

impl Unit {
    fn of(self, time: GoDuration) -> f64 {
        match self {
            Unit::Micros => time.micros() as f64,
            Unit::Secs => time.micros() as f64 / 1e6,
        }
    }
}

/// The distribution at a path. Parameters that make no sense are reported, and zero stands in.
pub(super) fn dist(cx: &mut Context<'_>, path: &str, spec: &DistSpec, unit: Unit) -> Dist {
    checked(cx, path, spec, unit).unwrap_or(Dist::Constant(0.0))
}

/// The distribution at `path.field`, if there is one.
pub(super) fn optional(
    cx: &mut Context<'_>,
    path: &str,
    field: &str,
    spec: Option<&DistSpec>,
    unit: Unit,
) -> Option<Dist> {
    spec.map(|spec| dist(cx, &format!("{path}.{field}"), spec, unit))
}

fn checked(cx: &mut Context<'_>, path: &str, spec: &DistSpec, unit: Unit) -> Option<Dist> {
    let time = |cx: &mut Context<'_>, name: &str, time: GoDuration| {
        cx.span_of_time(&format!("{path}.{name}"), time);
        unit.of(time)
    };
    let positive = |cx: &mut Context<'_>, name: &str, value: f64| {
        let fits = value.is_finite() && value > 0.0;
        let path = format!("{path}.{name}");
        cx.require(fits, &path, "is not above 0", "expected more than 0");
        fits
    };
    match *spec {
        DistSpec::Constant(value) => {
            cx.span_of_time(path, value);
            Some(Dist::Constant(unit.of(value)))
        }
        DistSpec::Uniform { low, high } => {
            let path = format!("{path}.uniform.high");
            cx.require(
                low <= high,
                &path,
                "is below `low`",
                &format!("expected at least `{low}`"),
            );
            let (low, high) = (time(cx, "uniform.low", low), time(cx, "uniform.high", high));
            (low <= high).then_some(Dist::Uniform { low, high })
        }
        DistSpec::Exponential { mean } => {
            let mean = time(cx, "exponential.mean", mean);
            positive(cx, "exponential.mean", mean).then_some(Dist::Exponential { mean })
        }
        DistSpec::Lognormal { median, p95 } => {
            let path = format!("{path}.lognormal.p95");
            cx.require(
                median < p95,
                &path,
                "is not above the median",
                &format!("expected more than `{median}`"),
            );
            let ordered = median < p95;
            let median = time(cx, "lognormal.median", median);
            let p95 = time(cx, "lognormal.p95", p95);
            let fits = positive(cx, "lognormal.median", median) && ordered;
            fits.then(|| Dist::lognormal_from_median_p95(median, p95))
        }
        DistSpec::Erlang { shape, mean } => {
            let mean = time(cx, "erlang.mean", mean);
            let fits = [
                positive(cx, "erlang.mean", mean),
                positive(cx, "erlang.shape", f64::from(shape)),
            ];
            (fits == [true; 2]).then_some(Dist::Erlang { shape, mean })
        }
        DistSpec::Weibull { shape, scale } => {
            let scale = time(cx, "weibull.scale", scale);
            let fits = [
                positive(cx, "weibull.shape", shape),
                positive(cx, "weibull.scale", scale),
            ];
            (fits == [true; 2]).then_some(Dist::Weibull { shape, scale })
        }
        DistSpec::Pareto { scale, shape } => {
            let scale = time(cx, "pareto.scale", scale);
            let fits = [
                positive(cx, "pareto.shape", shape),
                positive(cx, "pareto.scale", scale),
            ];
            (fits == [true; 2]).then_some(Dist::Pareto { scale, shape })
        }
    }
}
