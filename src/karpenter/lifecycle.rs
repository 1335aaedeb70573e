//! How far has a claim come, and until when must it get further? (spec/karpenter.md 3.7, 4.14)

use crate::api::{Effect, Resource, Resources, Taint};
use crate::des::{SimDuration, SimTime};
use crate::karpenter::Version;

/// A claim whose node has not joined by then is deleted (0.1).
pub const REGISTRATION_TIMEOUT: SimDuration = SimDuration::from_secs(15 * 60);
/// `expireAfter` of a pool that does not set it: 720 h (0.1).
pub const DEFAULT_EXPIRE_AFTER: SimDuration = SimDuration::from_secs(720 * 3600);

/// Taints that pass while a node starts, by key and effect, whatever their value (1.9).
const TRANSIENT_TAINTS: [(&str, Effect); 5] = [
    ("node.kubernetes.io/not-ready", Effect::NoSchedule),
    ("node.kubernetes.io/not-ready", Effect::NoExecute),
    ("node.kubernetes.io/unreachable", Effect::NoSchedule),
    (
        "node.cloudprovider.kubernetes.io/uninitialized",
        Effect::NoSchedule,
    ),
    ("karpenter.sh/unregistered", Effect::NoExecute),
];
/// Keys with this prefix pass while a node starts, too (1.9).
const READINESS_PREFIX: &str = "readiness.k8s.io/";

/// The conditions of a claim: since when each has been true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conditions {
    created: SimTime,
    launched: Option<SimTime>,
    registered: Option<SimTime>,
    initialized: Option<SimTime>,
}

/// What a claim waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// An instance.
    Launching,
    /// Its node to join.
    Registering,
    /// Its node to be usable.
    Initializing,
    /// Nothing.
    Ready,
}

/// Why a claim is deleted by the clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Overdue {
    /// `launch_timeout`.
    Launch,
    /// `registration_timeout`.
    Registration,
    /// `expired`.
    Expired,
}

/// How a claim goes away (3.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Farewell {
    /// There is nothing to wait for.
    Vanish,
    /// The instance is terminated without a drain, even if a node has joined.
    Terminate,
    /// The node is drained first (4.15).
    Drain,
}

/// Why a node that has joined is not initialized yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Uninitialized<'a> {
    /// Its condition Ready is not true.
    NotReady,
    /// A startup taint is still there.
    StartupTaint(&'a Taint),
    /// A taint of a starting node is still there.
    TransientTaint(&'a Taint),
    /// An extended resource the claim was made for is not reported yet.
    Missing(Resource),
}

/// What initialization looks at.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Condition Ready.
    pub ready: bool,
    /// Its taints now.
    pub taints: &'a [Taint],
    /// What it reports as allocatable.
    pub allocatable: &'a Resources,
}

impl Conditions {
    /// Those of a new claim.
    #[must_use]
    pub const fn new(created: SimTime) -> Self {
        Self {
            created,
            launched: None,
            registered: None,
            initialized: None,
        }
    }

    /// Those of a claim that came so far at these times.
    #[must_use]
    pub const fn of(
        created: SimTime,
        launched: Option<SimTime>,
        registered: Option<SimTime>,
        initialized: Option<SimTime>,
    ) -> Self {
        Self {
            created,
            launched,
            registered,
            initialized,
        }
    }

    /// It has an instance.
    pub fn launch(&mut self, now: SimTime) {
        assert_eq!(self.phase(), Phase::Launching);
        self.launched = Some(now);
    }

    /// Its node has joined.
    pub fn register(&mut self, now: SimTime) {
        assert_eq!(self.phase(), Phase::Registering);
        self.registered = Some(now);
    }

    /// Its node is usable.
    pub fn initialize(&mut self, now: SimTime) {
        assert_eq!(self.phase(), Phase::Initializing);
        self.initialized = Some(now);
    }

    /// When it was created.
    #[must_use]
    pub const fn created(&self) -> SimTime {
        self.created
    }

    /// Since when it has been initialized.
    #[must_use]
    pub const fn initialized(&self) -> Option<SimTime> {
        self.initialized
    }

    /// What it waits for.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match (self.launched, self.registered, self.initialized) {
            (None, ..) => Phase::Launching,
            (_, None, _) => Phase::Registering,
            (.., None) => Phase::Initializing,
            (.., Some(_)) => Phase::Ready,
        }
    }

    /// When the clock will delete it, and for what, if nothing changes. Both timeouts count from the creation, since that is when the
    /// conditions were last set. There is no timeout of initialization.
    #[must_use]
    pub fn next_deadline(
        &self,
        expire_after: Option<SimDuration>,
        version: Version,
    ) -> Option<(SimTime, Overdue)> {
        let joined_by = (self.created + REGISTRATION_TIMEOUT, Overdue::Registration);
        let liveness = match (self.phase(), version.launch_timeout()) {
            (Phase::Launching, Some(timeout)) => Some((self.created + timeout, Overdue::Launch)),
            (Phase::Launching, None) | (Phase::Registering, _) => Some(joined_by),
            (Phase::Initializing | Phase::Ready, _) => None,
        };
        let expiration =
            expire_after.map(|span| (self.created.saturating_add(span), Overdue::Expired));
        liveness.into_iter().chain(expiration).min()
    }

    /// Why it is to be deleted now, if it is.
    #[must_use]
    pub fn overdue(
        &self,
        now: SimTime,
        expire_after: Option<SimDuration>,
        version: Version,
    ) -> Option<Overdue> {
        let (deadline, reason) = self.next_deadline(expire_after, version)?;
        (deadline <= now).then_some(reason)
    }

    /// How it goes away once it is deleted.
    #[must_use]
    pub const fn farewell(&self) -> Farewell {
        match self.phase() {
            Phase::Launching => Farewell::Vanish,
            Phase::Registering => Farewell::Terminate,
            Phase::Initializing | Phase::Ready => Farewell::Drain,
        }
    }
}

/// How much of a claim's life is left at this age, in billionths (4.4).
#[must_use]
pub fn lifetime_left(age: SimDuration, expire_after: Option<SimDuration>) -> u32 {
    const WHOLE: u128 = 1_000_000_000;
    let left = match expire_after.map(SimDuration::as_micros) {
        None | Some(0) => WHOLE,
        Some(life) => u128::from(life.saturating_sub(age.as_micros())) * WHOLE / u128::from(life),
    };
    u32::try_from(left).expect("at most a billion")
}

/// What keeps a registered node from being initialized, if anything; `requested` are the requests of its claim.
#[must_use]
pub fn uninitialized<'a>(
    node: Node<'a>,
    startup_taints: &[Taint],
    requested: &Resources,
) -> Option<Uninitialized<'a>> {
    if !node.ready {
        return Some(Uninitialized::NotReady);
    }
    let is_startup = |taint: &&Taint| startup_taints.iter().any(|startup| same(startup, taint));
    if let Some(taint) = node.taints.iter().find(is_startup) {
        return Some(Uninitialized::StartupTaint(taint));
    }
    if let Some(taint) = node.taints.iter().find(|taint| is_transient(taint)) {
        return Some(Uninitialized::TransientTaint(taint));
    }
    let mut extended = requested.iter().filter(|(kind, _)| kind.is_extended());
    extended
        .find(|&(kind, _)| node.allocatable[kind] == 0)
        .map(|(kind, _)| Uninitialized::Missing(kind))
}

/// Taints are the same if key and effect are, whatever the value.
fn same(a: &Taint, b: &Taint) -> bool {
    a.key == b.key && a.effect == b.effect
}

/// Whether the start of the node will take the taint away.
pub(super) fn is_transient(taint: &Taint) -> bool {
    taint.key.starts_with(READINESS_PREFIX)
        || TRANSIENT_TAINTS.contains(&(taint.key.as_str(), taint.effect))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Option<SimDuration> = Some(DEFAULT_EXPIRE_AFTER);

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    fn taint(key: &str, effect: Effect) -> Taint {
        Taint {
            key: key.into(),
            value: String::new(),
            effect,
        }
    }

    #[test]
    fn a_claim_must_launch_in_five_and_register_in_fifteen_minutes() {
        let mut claim = Conditions::new(at(100));
        assert_eq!(
            claim.next_deadline(MONTH, Version::NEWEST),
            Some((at(400), Overdue::Launch))
        );
        assert_eq!(claim.overdue(at(399), MONTH, Version::NEWEST), None);
        assert_eq!(
            claim.overdue(at(400), MONTH, Version::NEWEST),
            Some(Overdue::Launch)
        );
        claim.launch(at(103));
        assert_eq!(
            claim.next_deadline(MONTH, Version::NEWEST),
            Some((at(1000), Overdue::Registration))
        );
        claim.register(at(140));
        assert_eq!(claim.phase(), Phase::Initializing);
        let expiry = at(100 + 720 * 3600);
        assert_eq!(
            claim.next_deadline(MONTH, Version::NEWEST),
            Some((expiry, Overdue::Expired))
        );
        assert_eq!(claim.next_deadline(None, Version::NEWEST), None);
        claim.initialize(at(155));
        assert_eq!(claim.phase(), Phase::Ready);
        assert_eq!(
            claim.overdue(expiry, MONTH, Version::NEWEST),
            Some(Overdue::Expired)
        );
    }

    #[test]
    fn a_life_runs_out_with_age() {
        let hours = |hours: u64| SimDuration::from_secs(hours * 3600);
        assert_eq!(lifetime_left(hours(180), MONTH), 750_000_000);
        assert_eq!(lifetime_left(hours(721), MONTH), 0);
        assert_eq!(lifetime_left(hours(721), None), 1_000_000_000);
    }

    #[test]
    fn before_1_7_only_the_registration_had_a_timeout() {
        let claim = Conditions::new(at(0));
        let (old, new) = (Version::minor(6), Version::minor(7));
        let deadline = |version| claim.next_deadline(None, version);
        assert_eq!(deadline(old), Some((at(900), Overdue::Registration)));
        assert_eq!(deadline(new), Some((at(300), Overdue::Launch)));
    }

    #[test]
    fn a_short_expiration_beats_the_timeouts() {
        let claim = Conditions::new(at(0));
        let minute = Some(SimDuration::from_secs(60));
        assert_eq!(
            claim.next_deadline(minute, Version::NEWEST),
            Some((at(60), Overdue::Expired))
        );
    }

    #[test]
    fn only_a_registered_claim_is_drained() {
        let mut claim = Conditions::new(at(0));
        assert_eq!(claim.farewell(), Farewell::Vanish);
        claim.launch(at(3));
        assert_eq!(claim.farewell(), Farewell::Terminate);
        claim.register(at(40));
        assert_eq!(claim.farewell(), Farewell::Drain);
    }

    #[test]
    fn initialization_waits_for_readiness_taints_and_devices() {
        let startup = [taint("cilium", Effect::NoExecute)];
        let gpu = Resources::ZERO.with(Resource::NvidiaGpu, 1);
        let requested = gpu.with(Resource::Cpu, 1_000);
        let check = |ready, taints: &[Taint], allocatable: &Resources| {
            let node = Node {
                ready,
                taints,
                allocatable,
            };
            uninitialized(node, &startup, &requested).map(|why| format!("{why:?}"))
        };
        let starts = |text: Option<String>, with: &str| {
            let text = text.unwrap();
            assert!(text.starts_with(with), "{text}");
        };
        starts(check(false, &[], &gpu), "NotReady");
        let mut cilium = taint("cilium", Effect::NoExecute);
        cilium.value = "pending".into();
        starts(check(true, &[cilium], &gpu), "StartupTaint");
        let unreachable = taint("node.kubernetes.io/unreachable", Effect::NoSchedule);
        starts(check(true, &[unreachable], &gpu), "TransientTaint");
        let readiness = taint("readiness.k8s.io/network", Effect::NoSchedule);
        starts(check(true, &[readiness], &gpu), "TransientTaint");
        starts(check(true, &[], &Resources::ZERO), "Missing(NvidiaGpu)");
        let own = taint("nvidia.com/gpu", Effect::NoSchedule);
        let other_effect = taint("cilium", Effect::NoSchedule);
        assert_eq!(check(true, &[own, other_effect], &gpu), None);
    }
}
