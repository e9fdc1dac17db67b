//! Normal scores in hashed order: what stands in for random numbers, the same on every machine.

use crate::splitmix::{GAMMA, finish};

/// The distribution function of the standard normal distribution.
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Its inverse: Wichura's algorithm AS 241, exact to 16 digits.
pub fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let r = (-libm::log(p.min(1.0 - p))).sqrt();
    let tail = if r <= 5.0 { ratio(r - 1.6, &SIDE) } else { ratio(r - 5.0, &FAR) };
    tail.copysign(q)
}

fn ratio(x: f64, [above, below]: &[[f64; 8]; 2]) -> f64 {
    let polynomial = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
    polynomial(above) / polynomial(below)
}

const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];
const SIDE: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const FAR: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

/// The numbers below `n` in an order that a hash gives; `stream` tells apart several orders.
pub fn order(n: usize, stream: u64) -> Vec<u32> {
    let key = |at: u32| finish((u64::from(at) + 1).wrapping_mul(GAMMA.wrapping_add(2 * stream)));
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by_cached_key(|at| key(*at));
    order
}

/// The middles of `n` equal parts of 0 to 1, in hashed order.
pub fn uniforms(n: usize, stream: u64) -> Vec<f64> {
    let mut values = vec![0.0; n];
    for (rank, at) in order(n, stream).into_iter().enumerate() {
        values[at as usize] = (rank as f64 + 0.5) / n as f64;
    }
    values
}

/// `n` equally probable values of the normal distribution, in hashed order.
pub fn scores(n: usize, stream: u64) -> Vec<f64> {
    uniforms(n, stream).into_iter().map(quantile).collect()
}

/// Some of `n` places, in ascending order.
pub fn some(n: usize, at_most: usize) -> Vec<u32> {
    let mut places = order(n, 0);
    places.truncate(at_most);
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_undoes_the_distribution() {
        for p in [1e-12, 1e-6, 0.01, 0.07, 0.3, 0.5, 0.8, 0.975, 1.0 - 1e-9] {
            assert!((cdf(quantile(p)) - p).abs() < 1e-14 * (1.0 + 1.0 / p.min(1.0 - p)).min(10.0), "{p}");
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn an_order_holds_every_place_once() {
        let mut places = order(1000, 7);
        assert_ne!(places, order(1000, 8));
        places.sort_unstable();
        assert!(places.iter().enumerate().all(|(at, place)| at == *place as usize));
    }
}
