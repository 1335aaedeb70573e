//! How much of the week's traffic comes in this hour? Weekly profiles with mean one.

/// Hours of a week.
const HOURS_PER_WEEK: usize = 24 * 7;

/// A factor for each hour of the week, Monday 00:00 first; their mean is one, so a rate under a
/// profile is the week's mean.
#[derive(Clone, PartialEq, Debug)]
pub struct WeeklyProfile([f64; HOURS_PER_WEEK]);

/// Mean number of complaints in each hour, Monday first: Boston 311 in 2015, citizen channels only
/// (131,630 complaints by phone, app and web). City of Boston, Open Data Commons PDDL. The daily
/// curve of Bengaluru's complaints is within 6 % of it.
const BOSTON_311: [[f64; 24]; 7] = [
    [
        2.0385, 1.1731, 0.8654, 0.8269, 1.0385, 2.1154, 5.7885, 15.1731, 33.25, 36.2885, 36.9615,
        37.6346, 30.4615, 31.5577, 32.9038, 33.4231, 25.8846, 20.7692, 18.8269, 14.6538, 12.0192,
        9.4808, 6.4808, 3.8269,
    ],
    [
        2.3462, 2.1538, 1.2308, 1.0192, 1.5, 2.25, 6.4615, 18.0962, 37.8077, 42.8462, 38.9038,
        37.1154, 31.9808, 33.5192, 37.6923, 37.7115, 28.4808, 25.4231, 23.2885, 16.4231, 13.1154,
        10.5577, 8.0962, 4.1346,
    ],
    [
        2.8462, 1.2692, 2.4615, 0.6923, 1.2885, 2.1346, 8.1731, 19.7692, 39.25, 43.1731, 40.7885,
        39.0962, 32.6923, 34.4808, 35.8846, 35.25, 27.1538, 23.6538, 21.3077, 16.0385, 13.4038,
        10.5577, 8.0577, 4.8077,
    ],
    [
        2.3774, 1.6981, 1.2642, 0.9811, 1.4717, 1.9057, 6.7547, 19.6604, 38.0377, 39.3774, 40.5094,
        39.3774, 31.4717, 29.9623, 31.5094, 31.1132, 28.717, 22.4528, 19.3396, 13.0943, 11.5094,
        9.0189, 7.5472, 4.283,
    ],
    [
        2.6346, 1.2308, 0.6731, 0.6731, 0.4615, 1.8077, 6.2692, 16.4038, 32.3077, 35.2885, 34.5385,
        32.1538, 28.4038, 29.4423, 30.1346, 28.3269, 21.2115, 17.6154, 14.7692, 11.6923, 9.1731,
        7.5192, 5.9038, 3.7115,
    ],
    [
        2.4615, 1.9231, 1.4615, 0.5192, 0.5962, 0.8846, 2.6923, 5.6731, 9.9808, 12.9423, 14.0385,
        16.3462, 16.1923, 14.75, 15.4615, 14.3077, 14.0192, 10.4231, 9.5962, 8.7885, 7.4615,
        6.1923, 6.0192, 4.1154,
    ],
    [
        2.9615, 1.4423, 1.0, 0.6923, 0.6346, 0.7692, 1.75, 4.3462, 7.3654, 10.4231, 13.7308,
        15.1346, 14.4231, 13.2692, 12.3654, 12.0962, 12.2115, 11.2885, 9.8269, 9.5, 8.6731, 7.5577,
        5.4423, 3.6538,
    ],
];

impl WeeklyProfile {
    /// The names that [`WeeklyProfile::preset`] knows.
    pub const PRESETS: [&'static str; 3] = ["flat", "hour-of-week", "office-hours"];

    /// A profile in proportion to these weights, Monday 00:00 first; `None` if one is negative or
    /// not finite, or all are zero.
    #[must_use]
    pub fn from_weights(weights: [f64; HOURS_PER_WEEK]) -> Option<Self> {
        let mean = weights.iter().sum::<f64>() / HOURS_PER_WEEK as f64;
        let valid = mean.is_finite() && mean > 0.0 && weights.iter().all(|&weight| weight >= 0.0);
        valid.then(|| Self(weights.map(|weight| weight / mean)))
    }

    /// The preset called `name`: `flat`; `hour-of-week`, how citizens complain; `office-hours`,
    /// Monday to Friday, nine to six.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        let weight: fn(usize, usize) -> f64 = match name {
            "flat" => |_, _| 1.0,
            "hour-of-week" => |day, hour| BOSTON_311[day][hour],
            "office-hours" => |day, hour| {
                if day < 5 && (9..18).contains(&hour) {
                    1.0
                } else {
                    0.0
                }
            },
            _ => return None,
        };
        Self::from_weights(std::array::from_fn(|i| weight(i / 24, i % 24)))
    }

    /// The factor of the hour number `hour` since a Monday 00:00.
    pub(super) fn at(&self, hour: u64) -> f64 {
        self.0[(hour % HOURS_PER_WEEK as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_mean_one() {
        for name in WeeklyProfile::PRESETS {
            let WeeklyProfile(factors) = WeeklyProfile::preset(name).expect("a preset");
            let mean = factors.iter().sum::<f64>() / HOURS_PER_WEEK as f64;
            assert!((mean - 1.0).abs() < 1e-12, "{name}: {mean}");
        }
        assert_eq!(WeeklyProfile::preset("weekend"), None);
    }

    #[test]
    fn citizens_complain_at_nine_on_weekdays_and_not_at_night() {
        let profile = WeeklyProfile::preset("hour-of-week").expect("a preset");
        // 2015 had 15.0263 complaints an hour; Wednesday at nine had 43.1731.
        assert!((profile.at(2 * 24 + 9) - 43.1731 / 15.0263).abs() < 0.005);
        assert!(profile.at(4 * 24 + 4) < 0.05);
        assert_eq!(profile.at(7 * 24 + 9), profile.at(9));
    }

    #[test]
    fn offices_close() {
        let profile = WeeklyProfile::preset("office-hours").expect("a preset");
        let open: Vec<_> = (0..HOURS_PER_WEEK as u64)
            .filter(|&hour| profile.at(hour) > 0.0)
            .collect();
        assert_eq!(open.len(), 45);
        assert_eq!((open[0], open[8], open[44]), (9, 17, 4 * 24 + 17));
    }

    #[test]
    fn weights_without_weight_are_no_profile() {
        assert_eq!(WeeklyProfile::from_weights([0.0; HOURS_PER_WEEK]), None);
        assert_eq!(
            WeeklyProfile::from_weights([f64::NAN; HOURS_PER_WEEK]),
            None
        );
        let mut weights = [1.0; HOURS_PER_WEEK];
        weights[7] = -1.0;
        assert_eq!(WeeklyProfile::from_weights(weights), None);
    }
}
