//! Everything that can happen, as one closed enumeration of 16 bytes.

use crate::cloud::AmiFamily;
use crate::cluster::Key;
use crate::cluster::cpu::CpuSlot;
use crate::karpenter::interruption::Kind;
use crate::karpenter::repair::Condition;
use crate::kube::kubelet::ProbeKind;
use crate::scenario::model::{QueueId, ServiceId, StepId};

use super::container::Moment;
use super::node::Node;
use super::pod::Pod;
use super::request::Request;
use super::thread::Thread;

/// An event. Keys of things that are gone by then make it void.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The next arrival of a source.
    Arrive(u16),
    /// A thread goes on after thinking, backing off or being away.
    Resume(Key<Thread>),
    /// The next request of a pod has had its CPU.
    CpuDone {
        /// Place in the CPU table.
        slot: CpuSlot,
        /// Void if the place has been re-timed since.
        timing: u32,
    },
    /// A request has had its waits.
    WaitDone(Key<Request>),
    /// A pod's accelerator has finished its batch.
    BatchDone(Key<Pod>),
    /// Callers of a step have waited long enough.
    Deadlines(StepId),
    /// A load balancer has tried long enough to connect to dead targets of a service.
    ConnectTimeouts(ServiceId),
    /// Messages of a queue are visible again.
    MessagesVisible(QueueId),

    /// A pod is bound: its kubelet takes it on.
    Bound(Key<Pod>),
    /// A moment in the life of a pod's container.
    Container(Key<Pod>, Moment),
    /// The kubelet asks a container how it is.
    Probe(Key<Pod>, ProbeKind),
    /// The kubelet has waited long enough for the answer.
    ProbeTimeout(Key<Pod>, ProbeKind),
    /// The kubelet of a node that is short of memory looks at it.
    Pressure(Key<Node>),
    /// A pod is known to whoever sends it work.
    PodListed(Key<Pod>),
    /// Nobody sends a terminating pod new work any more.
    PodUnlisted(Key<Pod>),
    /// The deregistration delay of a target is over.
    Deregistered(Key<Pod>),
    /// A load balancer's node checks a pod.
    HealthCheck {
        /// The target.
        pod: Key<Pod>,
        /// The node's zone.
        zone: u8,
    },
    /// A health check has taken too long.
    CheckTimedOut(Key<Request>),
    /// A terminating pod has had its preStop hook.
    PodSigterm(Key<Pod>),
    /// The grace of a terminating pod is over.
    PodKilled(Key<Pod>),
    /// A terminated pod's object disappears.
    PodRemoved(Key<Pod>),
    /// A pod of a Deployment that rolls out has been Ready for long enough.
    PodAvailable(ServiceId),
    /// The ReplicaSet controller's client creates a pod.
    CreatePod(ServiceId),

    /// kube-scheduler has something to do.
    Schedule,
    /// Metrics of all pods are read.
    Scrape,
    /// A HorizontalPodAutoscaler looks at its metrics.
    HpaSync(ServiceId),
    /// A ScaledObject's operator looks at its triggers.
    KedaPoll(ServiceId),

    /// A node's instance has been launched, or could not be.
    Launch(Key<Node>),
    /// A node registers.
    Register(Key<Node>),
    /// A node becomes Ready.
    NodeReady(Key<Node>),
    /// A node advertises its devices.
    DevicesReady(Key<Node>),
    /// The termination controller looks at a draining node.
    Drain(Key<Node>),
    /// A terminated instance is gone.
    InstanceGone(Key<Node>),
    /// A claim may have taken too long, or lived its time.
    Deadline(Key<Node>),
    /// Karpenter hears what AWS says of an instance.
    Announced(Key<Node>, Kind),
    /// A node's condition is known to be bad.
    IllnessSeen(Key<Node>, Condition),
    /// The pods of an unreachable node have borne it long enough.
    TaintEviction(Key<Node>),
    /// Karpenter looks whether to repair a node.
    Repair(Key<Node>),
    /// A static NodePool is looked at.
    StaticPool(u16),
    /// A node group starts the instances it lacks.
    ReplaceNode(u16),
    /// EKS looks how the update of a node group goes on.
    GroupUpdate(u16),
    /// A node that died is Unknown from now on.
    NodeUnknown(Key<Node>),
    /// The pods of a node that died are removed.
    NodeForgotten(Key<Node>),
    /// A dark zone is back.
    ZoneBack,
    /// Cluster Autoscaler looks around.
    AutoscalerLoop,
    /// Cluster Autoscaler goes on with a node that it lets go.
    RemoveNode(Key<Node>),

    /// Karpenter's batch window closes, or looks whether it may.
    Batch,
    /// Pods that still wait trigger Karpenter again.
    Retrigger,
    /// Karpenter's disruption controller looks around.
    Disrupt,
    /// Karpenter's disruption queue looks at its commands.
    DisruptionQueue,

    /// Something the scenario makes happen, by its place.
    Scripted(u16),
    /// Karpenter notices new images of a family.
    ImagesSeen(AmiFamily),
    /// Karpenter sees that a capacity reservation has ended.
    ReservationEnded(u16),
    /// A spot pool goes down.
    PoolDown(u32),
    /// EC2 takes a spot instance back: the notice.
    SpotNotice(Key<Node>),
    /// EC2 takes a spot instance back: the end.
    SpotReclaim(Key<Node>),

    /// A bucket of the time series ends.
    Sample,
    /// A clock hour ends.
    HourEnds,
}

const _: () = assert!(size_of::<Event>() <= 16, "events travel by value");
