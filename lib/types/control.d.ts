// A cluster that runs, from any other process of its user: connectCluster() and listClusters().

import type { PastEvents } from './admin';
import type { ProfileOptions, ProfileReport } from './profile';
import type { ReloadOptions, ReloadReport } from './reload';
import type { ClusterStats } from './report';

/**
 * Finds a cluster of this user on this machine. The master answers in its own thread, even while the app's JavaScript is blocked.
 * Clusters in other containers, and those with `control: false`, are not found.
 *
 * @param which its title, or the pid of its app; it may be left out if there is only one cluster
 * @throws (rejects with) `ClusterError` `ERR_CLUSTER_NOT_FOUND`: there is none, or more than one; the message names those that there are;
 * `ERR_CONTROL_FAILED`: one that may be meant does not answer within 5 s
 */
export function connectCluster(which?: string | number): Promise<ControlClient>;

/** All clusters of this user on this machine, as {@link connectCluster} finds them, in the order of their pids. One that does not answer
 *  within 5 s, as its app is stopped by a signal, is not among them. */
export function listClusters(): Promise<ControlClient[]>;

/**
 * A cluster that runs, seen from another process. Each call is one request; nothing stays open in between. All of them reject with
 * `ERR_CLUSTER_NOT_FOUND` once the cluster has ended, and with `ERR_CONTROL_FAILED` if it does not answer.
 */
export interface ControlClient {
  /** Its name. */
  readonly title: string;
  /** The pid of its app. */
  readonly pid: number;
  /** Its state, as `cluster.stats()` in the app. */
  stats(): Promise<ClusterStats>;
  /** Its metrics, in Prometheus' text format. */
  metrics(): Promise<string>;
  /** What has happened: the last 200 events and the last 20 errors, as `/events` of `admin` tells. `after`: the id of an event; only
   *  those that came later. Default: 0. */
  events(after?: number): Promise<PastEvents>;
  /** What `/readyz` of `admin` tells: enough workers listen, and the cluster is not stopping. */
  isReady(): Promise<boolean>;
  /**
   * As `cluster.reload()` in the app. Without `env`, `exec`, `args` and `concurrency` it works while the app's JavaScript is blocked.
   *
   * @throws (rejects with) `ERR_RELOAD_INVALID`, `ERR_NO_ALONE`, `ERR_NOT_RUNNING`
   */
  reload(options?: ReloadOptions): Promise<ControlReloadReport>;
  /**
   * As `cluster.scale()` in the app.
   *
   * @throws (rejects with) what `cluster.scale()` does
   */
  scale(count: number): Promise<void>;
  /** Begins to stop it as SIGTERM to the app does: gracefully; again after a second: by SIGKILL for what is left. Resolves at once;
   *  later calls reject when it has ended. */
  stop(): Promise<void>;
  /**
   * Another worker for a slot, which is ready before the old one drains: no request waits. Resolves when the new one is ready; one slot
   * at a time. Production only.
   *
   * @throws (rejects with) `ERR_NO_SUCH_SLOT`: no worker is ready there; `ERR_RESTART_FAILED`: the new one did not become ready, and the
   *  old one works on; `ERR_DEVELOPMENT`, `ERR_NOT_RUNNING`, `ERR_CLOSED`
   */
  restart(slot: number): Promise<RestartReport>;
  /**
   * SIGKILL for the worker of a slot, which is replaced if `refork` says so. Production only.
   *
   * @returns the pid of that worker
   * @throws (rejects with) `ERR_NO_SUCH_SLOT`, `ERR_DEVELOPMENT`
   */
  kill(slot: number): Promise<number>;
  /**
   * As `worker.profile()` in the app, for the worker of a slot or the alone; `file` is relative to the current directory of this process.
   * If this process ends meanwhile, what was measured until then is written.
   *
   * @throws (rejects with) what `worker.profile()` does; `ERR_NO_SUCH_SLOT`, `ERR_NO_ALONE`
   */
  profile(slot: number | 'alone', options: ProfileOptions): Promise<ProfileReport>;
  /**
   * As `cluster.fleet.move()` in the app of the host that has the alone, whichever that is. It resolves when the order is on its way; what
   * has become of it tells `stats()`.
   *
   * @throws (rejects with) `ERR_NO_FLEET`, `ERR_NO_ALONE`: no host has it; `ERR_FLEET_INVALID`: there is no such host; `ERR_FLEET_AWAY`
   */
  fleetMove(to?: string): Promise<void>;
  /**
   * As `cluster.fleet.drain()` in the app of a host, by default this one. As for `fleetMove()`, what has become of it tells `stats()`.
   *
   * @throws (rejects with) `ERR_NO_FLEET`, `ERR_FLEET_INVALID`: there is no such host; `ERR_FLEET_AWAY`
   */
  fleetDrain(host?: string): Promise<void>;
  /**
   * As `cluster.fleet.resume()` in the app of a host, by default this one.
   *
   * @throws (rejects with) what `fleetDrain()` does
   */
  fleetResume(host?: string): Promise<void>;
  /** Its log files, if its `output` names some. */
  logs(): Promise<LogFiles>;
  /**
   * Has it open its log files anew, after they were renamed; when it resolves nothing more is written to the old ones. Works while the
   * app's JavaScript is blocked.
   *
   * @returns how many files those are
   * @throws (rejects with) `ERR_NO_OUTPUT_FILE`; `ERR_OUTPUT_FILE`: one cannot be opened, and the old one goes on
   */
  reopenLogs(): Promise<number>;
}

/** A worker that `restart()` has replaced. */
export interface RestartReport {
  /** The slot. */
  slot: number;
  /** The worker that drains now. */
  oldPid: number;
  /** The worker that is ready. */
  newPid: number;
  /** Time from the call until the new one was ready, in ms. */
  after: number;
}

/** The log files of a cluster. */
export interface LogFiles {
  /** Each file that a process has written to, or may. */
  files: LogFile[];
  /** How many full files are kept beside each, as `path.1` and so on; 0 without `maxSize`. */
  keep: number;
}

/** A log file. */
export interface LogFile {
  /** Its absolute path. */
  path: string;
  /** Whose output it has; null: of more than one process. */
  role: 'worker' | 'alone' | 'standby' | null;
  /** The slot, if it has the output of one. */
  slot: number | null;
  /** Which of their streams. */
  stream: 'all' | 'stdout' | 'stderr';
}

/** How a reload went. Unlike for `cluster.reload()`, `under-way` is a failure: another reload was asked for, and is not over. */
export type ControlReloadReport =
  ReloadReport | (Omit<Extract<ReloadReport, { ok: false }>, 'reason'> & { reason: 'under-way' });
