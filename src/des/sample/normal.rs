//! Where does a standard normal variate lie? Its quantile function, by Wichura's algorithm AS 241.

#![expect(clippy::excessive_precision, reason = "coefficients as published")]

use libm::{log, sqrt};

/// The value below which a standard normal variate lies with probability `u`, `0 < u < 1`.
///
/// Wichura's algorithm AS 241 (PPND16), relative accuracy about 1e-16.
pub fn normal_quantile(u: f64) -> f64 {
    assert!(0.0 < u && u < 1.0, "normal quantile at {u}");
    let centred = u - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * CENTRE.at(r);
    }
    let tail = if centred < 0.0 { u } else { 1.0 - u };
    let r = sqrt(-log(tail));
    let distance = if r <= 5.0 {
        SHOULDER.at(r - 1.6)
    } else {
        TAIL.at(r - 5.0)
    };
    distance.copysign(centred)
}

/// A quotient of polynomials, coefficients in ascending powers.
struct Rational {
    numerator: [f64; 8],
    denominator: [f64; 8],
}

impl Rational {
    fn at(&self, r: f64) -> f64 {
        horner(&self.numerator, r) / horner(&self.denominator, r)
    }
}

fn horner(coefficients: &[f64; 8], r: f64) -> f64 {
    coefficients
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * r + coefficient)
}

/// |u - 0.5| <= 0.425, argument 0.425² - (u - 0.5)².
const CENTRE: Rational = Rational {
    numerator: [
        3.387_132_872_796_366_608_0e0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    denominator: [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ],
};

/// Tail probability down to exp(-25), argument sqrt(-ln tail) - 1.6.
const SHOULDER: Rational = Rational {
    numerator: [
        1.423_437_110_749_683_577_34e0,
        4.630_337_846_156_545_295_90e0,
        5.769_497_221_460_691_405_50e0,
        3.647_848_324_763_204_605_04e0,
        1.270_458_252_452_368_382_58e0,
        2.417_807_251_774_506_117_70e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_40e-4,
    ],
    denominator: [
        1.0,
        2.053_191_626_637_758_821_87e0,
        1.676_384_830_183_803_849_40e0,
        6.897_673_349_851_000_045_50e-1,
        1.481_039_764_274_800_745_90e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946_00e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
};

/// Beyond, argument sqrt(-ln tail) - 5.
const TAIL: Rational = Rational {
    numerator: [
        6.657_904_643_501_103_777_20e0,
        5.463_784_911_164_114_369_90e0,
        1.784_826_539_917_291_335_80e0,
        2.965_605_718_285_048_912_30e-1,
        2.653_218_952_657_612_309_30e-2,
        1.242_660_947_388_078_438_60e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    denominator: [
        1.0,
        5.998_322_065_558_879_376_90e-1,
        1.369_298_809_227_358_053_10e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591_00e-4,
        1.846_318_317_510_054_681_80e-5,
        1.421_511_758_316_445_888_70e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
};

#[cfg(test)]
mod tests {
    use super::super::tests::assert_close;
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    #[test]
    fn normal_quantile_meets_the_papers_vectors() {
        // Wichura (1988), table of test values for PPND16.
        assert_close(normal_quantile(0.25), -0.674_489_750_196_081_7, 1e-15);
        assert_close(normal_quantile(0.001), -3.090_232_306_167_814, 1e-15);
        assert_close(normal_quantile(1e-20), -9.262_340_089_798_408, 1e-15);
        assert_close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-15);
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(0.125), -normal_quantile(0.875));
    }

    #[test]
    fn normal_quantile_inverts_the_distribution_function() {
        let normal = Normal::standard();
        for i in 1..1_000 {
            let u = f64::from(i) / 1_000.0;
            assert_close(normal.cdf(normal_quantile(u)), u, 1e-9);
        }
    }
}
