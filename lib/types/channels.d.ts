import { Address, Cluster, ClusterAlone, ClusterError, ClusterWorker, Handle } from '../../index';
import { AloneLease, FleetHost, LeftHost, LostAlone, MissedOfHost } from './fleet';
import { ReloadReport } from './reload';
import { HangEvidence, MissedMessages, UndeliverableReason, WorkerCounts } from './report';

/** What the channels of `diagnostics_channel` publish in the app process: one for each event of a cluster, `cluster-native:` and the
 *  event's name. They are published before the event's own listeners are called; a channel without a subscriber costs nothing. */
export interface ClusterChannels {
  'cluster-native:fork': { cluster: Cluster; worker: ClusterWorker };
  'cluster-native:online': { cluster: Cluster; worker: ClusterWorker };
  'cluster-native:listening': { cluster: Cluster; worker: ClusterWorker; address: Address };
  'cluster-native:workerReady': { cluster: Cluster; worker: ClusterWorker };
  'cluster-native:disconnect': { cluster: Cluster; worker: ClusterWorker };
  'cluster-native:exit': {
    cluster: Cluster;
    worker: ClusterWorker;
    code: number | null;
    signal: NodeJS.Signals | null;
  };
  'cluster-native:unexpectedExit': {
    cluster: Cluster;
    worker: ClusterWorker;
    code: number | null;
    signal: NodeJS.Signals | null;
  };
  'cluster-native:hang': { cluster: Cluster; worker: ClusterWorker; evidence: HangEvidence };
  'cluster-native:reachReforkLimit': { cluster: Cluster; slot: number };
  'cluster-native:check': { cluster: Cluster; report: WorkerCounts };
  'cluster-native:message': {
    cluster: Cluster;
    from: ClusterWorker | ClusterAlone;
    message: any;
    handle: Handle | undefined;
  };
  'cluster-native:undeliverable': {
    cluster: Cluster;
    from: ClusterWorker | ClusterAlone | null;
    message: any;
    reason: UndeliverableReason;
  };
  'cluster-native:missed': { cluster: Cluster; child: ClusterWorker | ClusterAlone; missed: MissedMessages };
  'cluster-native:standby': { cluster: Cluster; worker: ClusterWorker };
  'cluster-native:reload': { cluster: Cluster; report: ReloadReport };
  'cluster-native:change': { cluster: Cluster; files: string[] };
  'cluster-native:crash': { cluster: Cluster; error: ClusterError };
  'cluster-native:output': {
    cluster: Cluster;
    child: ClusterWorker | ClusterAlone;
    text: string;
    stream: 'stdout' | 'stderr';
  };
  'cluster-native:protocolError': {
    cluster: Cluster;
    child: ClusterWorker | ClusterAlone | null;
    error: ClusterError;
  };
  'cluster-native:ready': { cluster: Cluster };
  'cluster-native:exception': { cluster: Cluster; error: ClusterError };
  'cluster-native:close': { cluster: Cluster };
  'cluster-native:aloneReady': { cluster: Cluster; alone: ClusterAlone };
  'cluster-native:aloneError': { cluster: Cluster; alone: ClusterAlone; error: Error };
  'cluster-native:aloneExit': {
    cluster: Cluster;
    alone: ClusterAlone;
    code: number | null;
    signal: NodeJS.Signals | null;
  };
  'cluster-native:aloneReachLimit': { cluster: Cluster; error: ClusterError };
  'cluster-native:aloneAcquired': { cluster: Cluster; lease: AloneLease };
  'cluster-native:aloneLost': { cluster: Cluster; loss: LostAlone };
  'cluster-native:randomWorkerAcquired': { cluster: Cluster; lease: AloneLease };
  'cluster-native:randomWorkerLost': { cluster: Cluster; loss: LostAlone };
  'cluster-native:hostJoin': { cluster: Cluster; member: FleetHost };
  'cluster-native:hostLeave': { cluster: Cluster; left: LeftHost };
  'cluster-native:fleetMissed': { cluster: Cluster; missed: MissedOfHost };
}
