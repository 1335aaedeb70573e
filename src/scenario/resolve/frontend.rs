//! The static frontend.

use super::context::Context;
use crate::scenario::model::Frontend;
use crate::scenario::spec::service::FrontendSpec;

/// `objectsPerPage` where absent.
const OBJECTS_PER_PAGE: u32 = 12;
/// `siteSize` where absent, in bytes.
const SITE_BYTES: u64 = 100_000_000;
/// CloudFront's price classes (spec/kubernetes.md 7.3).
const PRICE_CLASSES: [(&str, &str); 3] = [
    ("PriceClass_100", "PriceClass_100"),
    ("PriceClass_200", "PriceClass_200"),
    ("PriceClass_All", "PriceClass_All"),
];

pub(super) fn frontend(cx: &mut Context<'_>, spec: &FrontendSpec) -> Frontend {
    let class = spec.price_class.as_deref().unwrap_or("PriceClass_200");
    cx.choice("frontend.priceClass", "price class", class, &PRICE_CLASSES);
    cx.require(
        !spec.bucket.is_empty(),
        "frontend.bucket",
        "is empty",
        "expected a name",
    );
    let hits = cx.share("frontend.cacheHitRatio", spec.cache_hit_ratio);
    let objects = spec.objects_per_page.unwrap_or(OBJECTS_PER_PAGE);
    Frontend {
        bucket: spec.bucket.clone(),
        price_class: class.to_owned(),
        page_bytes: cx.units("frontend.pageWeight", spec.page_weight, 1),
        objects_per_page: cx.at_least_one("frontend.objectsPerPage", objects),
        cache_hit_ppm: (hits * 1e6).round() as u32,
        site_bytes: spec
            .site_size
            .map_or(SITE_BYTES, |size| cx.units("frontend.siteSize", size, 1)),
    }
}
