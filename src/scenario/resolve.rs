//! What does the file mean? From its words to ids, integers and enums, with every mistake reported at once.
//!
//! One module for each topic; each goes on after a mistake with what is left, and a reference to something broken is not
//! a second mistake. [`context`] is what all of them have at hand.

mod admission;
mod checks;
mod clock;
mod cluster;
mod context;
mod dist;
mod events;
mod files;
mod frontend;
mod goals;
mod lines;
mod manifest;
mod market;
mod names;
mod namespace;
mod pdb;
mod pod;
mod priority;
mod queue;
mod release;
mod selector;
mod service;
mod traffic;
mod workloads;

use super::diagnostic::Diagnostics;
use super::model::cluster::Daemon;
use super::model::{CarriedManifest, Pdb, Queue, Scenario, Service};
use super::open::Options;
use super::spec::ScenarioSpec;
use super::tree::Node;
use crate::api::objects::DEFAULT_NAMESPACE;
use crate::cloud::Catalog;
use crate::cluster::{PodTemplate, TemplateId};
use crate::scenario::decode::Part;
use cluster::DaemonPods;
use context::Context;
use events::Around;
use manifest::{Manifest, Object, Place, manifests};
use names::Names;
use namespace::Namespaces;
use pod::ClusterWide;
use service::Resolved;
use traffic::TraceWindow;

pub(super) use files::Files;
pub use workloads::pod_templates;

/// `seed` where absent.
const SEED: u64 = 1;

/// Resolves a scenario. What is wrong goes into the sink; `None` only with errors.
pub(super) fn resolve(
    root: &Node,
    spec: &ScenarioSpec,
    options: Options,
    files: &mut Files<'_>,
    sink: &mut Diagnostics,
) -> Option<Scenario> {
    let cx = &mut Context::new(root, sink);
    check_head(cx, spec);
    let names = &Names::read(cx);
    let clock = clock::clock(cx, spec);
    let catalog = spec.region.get().and_then(|region| catalog(cx, region));

    let objects = Objects::read(cx, spec);
    let priorities = priority::priorities(cx, &objects.cluster);
    let wide = ClusterWide {
        priorities: &priorities,
        namespaces: &objects.namespaces(cx),
    };
    let daemons = cluster::daemons(cx, &objects.cluster, wide);
    let mut resolved = services(cx, spec, &objects, names, wide);
    let pdbs = pdbs(cx, spec, &objects, &resolved, &daemons);
    let queues = queues(cx, spec, names);

    let overhead = spec.market.get().and_then(|market| market.memory_overhead);
    let overhead = overhead.map(|share| market::memory_overhead(cx, share));
    let cluster = spec.cluster.get().zip(catalog.as_ref());
    let cluster = cluster.and_then(|(spec, catalog)| {
        let start = clock.as_ref().map(|clock| &clock.start);
        let (manifests, applied) = (&objects.karpenter, &objects.applied);
        cluster::cluster(cx, spec, catalog, manifests, applied, start, overhead)
    });
    let market = spec.market.get().zip(catalog.as_ref());
    let start = clock.as_ref().map(|clock| &clock.start);
    let market = market.and_then(|(spec, catalog)| market::market(cx, spec, catalog, start, files));
    let prices = spec.prices.get().map(|spec| market::prices(cx, spec));
    let frontend = spec
        .frontend
        .get()
        .map(|spec| spec.as_ref().map(|spec| frontend::frontend(cx, spec)));

    let window = clock.as_ref().map(|clock| TraceWindow {
        start: &clock.start,
        duration: clock.duration,
        on_bad_row: options.on_bad_row,
    });
    let traffic = spec.traffic.get();
    let traffic =
        traffic.and_then(|spec| traffic::traffic(cx, spec, window.as_ref(), names, files));
    let around = cluster
        .as_ref()
        .zip(clock.as_ref())
        .map(|(cluster, clock)| Around {
            duration: clock.duration,
            names,
            pools: cluster
                .karpenter
                .as_ref()
                .map_or(&[][..], |karpenter| &karpenter.pools),
            zones: &cluster.zones,
            groups: &cluster.node_groups,
        });
    let events = spec.events.get().zip(around);
    let events =
        events.and_then(|(specs, around)| events::events(cx, specs, &objects.applied, &around));
    let slos = spec.slo.get().and_then(|slos| goals::slos(cx, slos, names));
    if let Some(cluster) = &cluster {
        let daemons: Vec<_> = daemons.iter().map(|daemon| &daemon.template).collect();
        checks::placement(cx, &resolved, &daemons, cluster);
    }
    let (mut services, templates) = split(&mut resolved);
    checks::pdbs(cx, &pdbs, &services);
    if let Some((queues, traffic)) = queues.as_ref().zip(traffic.as_ref()) {
        checks::visibility(cx, queues, traffic, &services);
    }
    if let Some(specs) = spec.services.get() {
        let categories = traffic.as_ref().map(|traffic| &traffic.categories[..]);
        service::disciplines(cx, specs, categories, &mut services);
    }
    let starvation = spec
        .starvation
        .get()
        .map(|spec| goals::starvation(cx, spec, names, &mut services));

    let (clock, catalog) = (clock?, catalog?);
    let mut templates = templates.into_iter().collect::<Option<Vec<_>>>()?;
    let mut cluster = cluster?;
    for DaemonPods { template, idle_cpu } in daemons {
        let id = TemplateId(u32::try_from(templates.len()).ok()?);
        templates.push(template);
        cluster.daemons.push(Daemon {
            template: id,
            idle_cpu,
        });
    }
    Some(Scenario {
        name: spec.name.get()?.clone(),
        description: spec.description.get()?.clone().unwrap_or_default(),
        seed: options.seed.or(*spec.seed.get()?).unwrap_or(SEED),
        digest: files.digest(),
        start: clock.start,
        duration: clock.duration,
        region: spec.region.get()?.clone(),
        templates,
        cluster,
        services: services.into_iter().collect::<Option<_>>()?,
        queues: queues?,
        pdbs: pdbs.into_iter().map(|(_, pdb)| pdb).collect(),
        frontend: frontend?,
        traffic: traffic?,
        events: events?,
        market: market?,
        prices: prices?,
        slos: slos?,
        starvation: starvation?,
        resolution: clock.resolution,
        warmup: clock.warmup,
        manifests: objects.carried(cx),
        warnings: Vec::new(),
        symbols: std::mem::take(&mut cx.symbols),
        catalog,
    })
}

/// The version and the name.
fn check_head(cx: &mut Context<'_>, spec: &ScenarioSpec) {
    if let Some(version) = spec.api_version.get() {
        cx.choice("apiVersion", "apiVersion", version, &[("karpsim/v1", ())]);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if let Some(name) = spec.name.get()
        && (name.is_empty() || name.starts_with('.') || !name.chars().all(allowed))
    {
        let expected = "expected letters, digits, `-`, `_` and `.`: it names a folder";
        cx.expected("name", format!("is `{name}`"), expected);
    }
}

fn catalog(cx: &mut Context<'_>, region: &str) -> Option<Catalog> {
    let catalog = Catalog::load(region, &mut cx.symbols).ok();
    if catalog.is_none() {
        cx.unknown("region", "region", region, Catalog::regions());
    }
    catalog
}

/// The real objects by where they stand.
struct Objects {
    cluster: Vec<Manifest>,
    karpenter: Vec<Manifest>,
    /// What events apply later.
    applied: Vec<Manifest>,
    services: Vec<Vec<Manifest>>,
}

impl Objects {
    fn read(cx: &mut Context<'_>, spec: &ScenarioSpec) -> Self {
        let services = cx.node("services").map_or(0, |node| node.items().len());
        let objects = Self {
            cluster: manifests(cx, "cluster.manifests", Place::Cluster),
            karpenter: manifests(cx, "cluster.karpenter.manifests", Place::Karpenter),
            applied: events::applied(cx, spec.events.get().map_or(&[][..], Vec::as_slice)),
            services: (0..services)
                .map(|place| manifests(cx, &format!("services[{place}].workload"), Place::Service))
                .collect(),
        };
        objects.check_names(cx);
        objects
    }

    fn all(&self) -> impl Iterator<Item = &Manifest> {
        let services = self.services.iter().flatten();
        self.cluster.iter().chain(&self.karpenter).chain(services)
    }

    /// An object's name is its own within kind and namespace.
    fn check_names(&self, cx: &mut Context<'_>) {
        let mut kinds: Vec<&str> = self.all().map(|manifest| manifest.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            let of_kind = self.all().filter(|m| m.kind == kind && !m.name.is_empty());
            let names: Vec<(String, String)> = of_kind
                .map(|manifest| {
                    let path = format!("{}.metadata.name", manifest.path);
                    let name = match namespace(cx, manifest) {
                        Some(namespace) => format!("{namespace}/{}", manifest.name),
                        None => manifest.name.clone(),
                    };
                    (path, name)
                })
                .collect();
            cx.unique(kind, &names);
        }
    }

    /// Namespaces with a manifest, and those of services and DaemonSets.
    fn namespaces(&self, cx: &mut Context<'_>) -> Namespaces {
        let workloads = self.all().filter(|manifest| {
            matches!(
                manifest.object,
                Some(Object::Deployment(_) | Object::DaemonSet(_))
            )
        });
        let of = |manifest| namespace(cx, manifest).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        let inhabited: Vec<String> = workloads.map(of).collect();
        Namespaces::read(cx, &self.cluster, inhabited.iter().map(String::as_str))
    }

    fn carried(&self, cx: &Context<'_>) -> Vec<CarriedManifest> {
        self.all()
            .filter_map(|manifest| manifest.carried(cx))
            .collect()
    }
}

/// The namespace of an object: its own, or that of the service it belongs to.
fn namespace(cx: &Context<'_>, manifest: &Manifest) -> Option<String> {
    let service = manifest
        .path
        .split_once(".workload")
        .map(|(service, _)| service);
    let of_service = || {
        cx.text(&format!("{}.namespace", service?))
            .map(str::to_owned)
    };
    manifest.namespace.clone().or_else(of_service)
}

fn services(
    cx: &mut Context<'_>,
    spec: &ScenarioSpec,
    objects: &Objects,
    names: &Names,
    wide: ClusterWide<'_>,
) -> Vec<Option<Resolved>> {
    let specs = spec.services.get().map_or(&[][..], Vec::as_slice);
    if specs.is_empty() && spec.services.get().is_some() {
        cx.expected("services", "are missing", "expected at least one service");
    }
    let each = specs.iter().zip(&objects.services).enumerate();
    each.map(|(place, (spec, manifests))| {
        service::service(cx, place, spec.get()?, manifests, names, wide)
    })
    .collect()
}

fn pdbs(
    cx: &mut Context<'_>,
    spec: &ScenarioSpec,
    objects: &Objects,
    services: &[Option<Resolved>],
    daemons: &[DaemonPods],
) -> Vec<(String, Pdb)> {
    let served = services
        .iter()
        .flatten()
        .map(|resolved| (resolved.service.template, &resolved.template));
    // Templates of DaemonSets stand after those of services.
    let ids = (services.len() as u32..).map(TemplateId);
    let daemons = ids.zip(daemons.iter().map(|daemon| &daemon.template));
    let templates: Vec<_> = served.chain(daemons).collect();
    let specs = spec.services.get().map_or(&[][..], Vec::as_slice);
    let mut budgets = Vec::new();
    for (spec, manifests) in specs.iter().zip(&objects.services) {
        if let Some(spec) = spec.get() {
            budgets.extend(pdb::pdbs(cx, manifests, &spec.namespace, &templates));
        }
    }
    budgets
}

fn queues(cx: &mut Context<'_>, spec: &ScenarioSpec, names: &Names) -> Option<Vec<Queue>> {
    let specs: &[Part<_>] = spec.queues.get()?;
    let queues: Vec<Option<Queue>> = specs
        .iter()
        .enumerate()
        .map(|(place, spec)| queue::queue(cx, place, spec.get()?, names))
        .collect();
    queues.into_iter().collect()
}

type Split = (Vec<Option<Service>>, Vec<Option<PodTemplate>>);

fn split(resolved: &mut Vec<Option<Resolved>>) -> Split {
    resolved
        .drain(..)
        .map(|resolved| match resolved {
            Some(resolved) => (Some(resolved.service), Some(resolved.template)),
            None => (None, None),
        })
        .unzip()
}
