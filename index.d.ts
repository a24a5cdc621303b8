import { ChildProcess } from 'child_process';
import { Worker } from 'cluster';
import { EventEmitter } from 'events';
import { MessagePort, Worker as Thread } from 'worker_threads';
import { Address } from './lib/types/address';
import { AdminAddress } from './lib/types/admin';
import { ClusterAlone, ClusterWorker } from './lib/types/children';
import { ClusterConfig } from './lib/types/cluster-config';
import { ClusterErrorCode } from './lib/types/codes';
import { AloneLease, ClusterFleet, FleetHost, LeftHost, LostAlone, MissedOfHost } from './lib/types/fleet';
import { Handle } from './lib/types/handles';
import { Messenger } from './lib/types/messenger';
import { ReloadOptions, ReloadReport } from './lib/types/reload';
import { ClusterStats, HangEvidence, MissedMessages, UndeliverableReason, WorkerCounts } from './lib/types/report';
import {
  BroadcastAnswers,
  BroadcastRequest,
  ChosenWorker,
  FleetBroadcastRequest,
  JobOptions,
  RequestHandler,
  RequestMessage,
  RequestOptions,
} from './lib/types/requests';
import { ClusterTopics } from './lib/types/topics';

export * from './lib/types/address';
export * from './lib/types/admin';
export * from './lib/types/channels';
export * from './lib/types/child-facts';
export * from './lib/types/child-process';
export * from './lib/types/children';
export * from './lib/types/cluster-config';
export * from './lib/types/codes';
export * from './lib/types/control';
export * from './lib/types/drain';
export * from './lib/types/fleet';
export * from './lib/types/handles';
export * from './lib/types/members';
export * from './lib/types/messenger';
export * from './lib/types/output';
export * from './lib/types/process';
export * from './lib/types/profile';
export * from './lib/types/reload';
export * from './lib/types/report';
export * from './lib/types/requests';
export * from './lib/types/topics';
export * from './lib/types/yunfly';
export { default } from './lib/types/yunfly';

/**
 * Starts a cluster: the native master inside this process, then the alone, then all workers.
 *
 * Only the app process may call it: in a worker or in the alone, it rejects with `ERR_IN_CHILD`.
 *
 * @param config see {@link ClusterConfig}
 * @param onReady called once with the cluster when it is ready; not called if the start fails
 * @returns the cluster, when the alone and all workers are ready
 * @throws (rejects with) {@link ClusterError}: `ERR_CONFIG_INVALID`, and what {@link Cluster.start} rejects with
 */
export function startCluster<Message = any>(
  config: ClusterConfig,
  onReady?: (cluster: Cluster<Message>) => void,
): Promise<Cluster<Message>>;

/**
 * Creates a cluster without starting it, so that you can listen to its events before you call {@link Cluster.start}.
 *
 * @throws {@link ClusterError} `ERR_CONFIG_INVALID`
 */
export function createCluster<Message = any>(config: ClusterConfig): Cluster<Message>;

/**
 * Sends a message over a process's channel, as npm's `sendmessage` does (versions 1 to 3).
 *
 * - `process` in a worker or the alone: to the master, which routes it by `to`, `type` and `worker_pid`
 * - a {@link ClusterWorker}, a {@link ClusterAlone}, a `child_process` or a `node:cluster` worker: to that process
 * - a worker thread: by `postMessage`; in a worker thread always to its parent
 * - a process without a channel: emits `message` on it itself, later
 *
 * Of a flood, a worker or the alone writes what comes in one turn of the event loop together, at its end; messages keep their order, also with
 * `process.send`, which writes each by itself, at once. False, as of `process.send`: better wait before the next one.
 *
 * If the channel is closed, there is a process warning with code `CLUSTER_CHANNEL_CLOSED`, and the message is not sent. If the
 * environment variable `SENDMESSAGE_ONE_PROCESS` is set, every message is emitted on `target` itself.
 */
export function sendmessage(
  target: NodeJS.Process | ChildProcess | Worker | ClusterWorker | ClusterAlone | Thread | MessagePort,
  message: object,
): boolean;

/** The error class of this package. `cause` is the underlying error, such as a child's own error. */
export class ClusterError extends Error {
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions);
  readonly name: string;
  /** Stable; the message may change. */
  readonly code: ClusterErrorCode;
  /** With `ERR_REQUEST_UNDELIVERABLE`: why it reached nobody, as in the event `undeliverable`, or `too-many`: see `request()`. */
  readonly reason?: UndeliverableReason | 'too-many';
  /** With `ERR_REQUEST_UNDELIVERABLE`, in a fleet: the host that had nobody for it. */
  readonly host?: string;
  /** Set only if there is one. */
  readonly cause?: unknown;
}

/** Error options, as in ES2022. */
export interface ErrorOptions {
  /** The underlying error. */
  cause?: unknown;
}

/** The events of {@link Cluster} and their arguments. `Message`: the type of the messages that processes send to the app. There
 *  is no event `error`: without a listener, it would be thrown in the app. */
export interface ClusterEvents<Message = any> {
  /** A worker was forked (as in `node:cluster`). */
  fork: [worker: ClusterWorker];
  /** A worker's Node is running (as in `node:cluster`). */
  online: [worker: ClusterWorker];
  /** A worker's server listens (as in `node:cluster`); once for each of its servers. Whether it is ready says `workerReady`. */
  listening: [worker: ClusterWorker, address: Address];
  /** A worker is ready, as defined by `ready` in the configuration. Emitted on the worker first: `ready`. */
  workerReady: [worker: ClusterWorker];
  /** A worker's channel is closed, and everything that it sent has been read (as in `node:cluster`). Always before its `exit`. */
  disconnect: [worker: ClusterWorker];
  /** A worker has exited (as in `node:cluster`), with an exit code or by a signal; the other one is null. */
  exit: [worker: ClusterWorker, code: number | null, signal: NodeJS.Signals | null];
  /** After `exit`, if nobody had asked for it (as in cfork). */
  unexpectedExit: [worker: ClusterWorker, code: number | null, signal: NodeJS.Signals | null];
  /** A worker's event loop is blocked (`hangTimeout`); the worker is being stopped, and its replacement is forked. */
  hang: [worker: ClusterWorker, evidence: HangEvidence];
  /** A slot was retried for `limit` without success, and is given up for the time being (as in cfork). */
  reachReforkLimit: [slot: number];
  /** The self-check, every 10 s in production. */
  check: [report: WorkerCounts];
  /** A message to the app: `to: 'app'`, or no known `to`. `handle`: the handle sent with it (as in `node:cluster`); it is open,
   *  and the receiver must close it. Absent if none was sent, or if it was closed meanwhile. */
  message: [from: ClusterWorker | ClusterAlone, message: Message, handle?: Handle];
  /** A message reached nobody. `from`: the sender; null for the app, or if the sender is gone. */
  undeliverable: [from: ClusterWorker | ClusterAlone | null, message: any, reason: UndeliverableReason];
  /** A process that read nothing for 1 s reads again, or is gone. `missed` says how much of the messages to all workers, and of the
   *  topics that it subscribed to, it did not get. The first 1 MiB of them are also `undeliverable`, with the reason `stalled`. */
  missed: [child: ClusterWorker | ClusterAlone, missed: MissedMessages];
  /** A standby worker (`standby`) has booted up to its `listen`; it has no slot yet. */
  standby: [worker: ClusterWorker];
  /** A reload has finished, successfully or not, including reloads by SIGHUP. Emitted once for merged reloads. */
  reload: [report: ReloadReport];
  /** In development: watched files changed, and `reloadDelay` has passed since the last change; the affected processes restart
   *  now. Absolute paths, at most 32. */
  change: [files: string[]];
  /** In development, with `watch`: a process exited by itself (`ERR_CRASHED`, with the process's own error as `cause`); it
   *  restarts when you save a file. For the alone, only if it was not ready yet: otherwise it restarts at once. */
  crash: [error: ClusterError];
  /**
   * With `output: 'pipe'`: a child wrote to its stdout or stderr. `text`: whole lines, UTF-8 (invalid bytes replaced); lines that
   * begin with white space or a closing bracket come together with the line before them. Only a line longer than 1 MiB comes in
   * parts. If the last line has no `\n`, one is added. In order within each stream. It may come after the child's `exit`, as with
   * `child_process`, but before `close`. Emitted on the child first: `output` (text, stream).
   */
  output: [child: ClusterWorker | ClusterAlone, text: string, stream: 'stdout' | 'stderr'];
  /** A child wrote something invalid to its channel, or a message that is too large. `child` is null if it is already gone. */
  protocolError: [child: ClusterWorker | ClusterAlone | null, error: ClusterError];
  /** The alone and all workers are ready; once. */
  ready: [];
  /** No worker is left and `limit` is over (`ERR_NO_WORKERS`), the alone does not stay up and `aloneLimit` is over
   *  (`ERR_ALONE_FAILED`), or the master failed (`ERR_MASTER_FAILED`). The cluster stops everything, then this process exits with
   *  code 1, after closing its other clusters. With `handleSignals: false`, it does not exit. */
  exception: [error: ClusterError];
  /** All processes of the cluster are gone; the last event, emitted once. After a signal, this process exits next, with
   *  `process.exitCode` (0 if not set). */
  close: [];
  /** The alone is ready; emitted again after each restart. */
  aloneReady: [alone: ClusterAlone];
  /** An uncaught error in the alone. The alone has printed it, and keeps running. */
  aloneError: [alone: ClusterAlone, error: Error];
  /** The alone has exited. It is started again, unless the cluster is closing or waits for the next save (in development, see
   *  `crash`). */
  aloneExit: [alone: ClusterAlone, code: number | null, signal: NodeJS.Signals | null];
  /** The alone was restarted for `aloneLimit` (if that is `false`: for `limit`), and does not stay up (`ERR_ALONE_FAILED`; the
   *  error tells how it ended the last time). Once, until it has stayed up. */
  aloneReachLimit: [error: ClusterError];
  /** With `fleet`: this host has the fleet's alone from now on, and starts it. `lease` has its fencing token. */
  aloneAcquired: [lease: AloneLease];
  /** With `fleet`: this host has the fleet's alone no more. `loss` says why. */
  aloneLost: [loss: LostAlone];
  /** With `fleet`: this host has the fleet's random worker from now on, and chooses it among its own workers. */
  randomWorkerAcquired: [lease: AloneLease];
  /** With `fleet`: this host has the fleet's random worker no more. */
  randomWorkerLost: [loss: LostAlone];
  /** With `fleet`: another host is there. At the start, once for each that is there already. */
  hostJoin: [member: FleetHost];
  /** With `fleet`: another host is not there any more. */
  hostLeave: [left: LeftHost];
  /** With `fleet`: messages of another host were lost on their way here. */
  fleetMissed: [missed: MissedOfHost];
}

type Listener<Arguments extends any[]> = (...args: Arguments) => void;

/**
 * A cluster, as the app process sees it. While it is running, it keeps the process alive.
 *
 * Meanwhile, Node's own `cluster` module in the app process shows its workers, for tools that are written for a primary:
 * `cluster.workers` has them by id, each as a `cluster.Worker`, and `cluster` emits `fork`, `online`, `listening`, `disconnect`,
 * `exit` and `message` (worker, message, handle) after the cluster's own events of these names. `cluster.disconnect(callback)`
 * closes the cluster; `cluster.settings` says what its workers run. If there are several clusters, it shows the one that was
 * started first. The app has to manage workers that it forks with `node:cluster` itself; if ids collide, `cluster.workers` shows
 * the app's.
 *
 * `Message`: the type of the messages that its processes send to the app, for the event `message`. Not checked at run time.
 */
export class Cluster<Message = any> extends EventEmitter {
  constructor(config: ClusterConfig);
  /** Its name (`title` in the configuration). */
  readonly title: string;
  /** The workers that are alive, by id. A worker is removed before its `exit` is emitted, as in `node:cluster`. */
  readonly workers: Map<number, ClusterWorker>;
  /** The current alone; null if there is none. */
  readonly alone: ClusterAlone | null;
  /** The fleet, once the cluster was started; null without `fleet`. */
  readonly fleet: ClusterFleet | null;
  /** Where `admin` is, once the cluster was started; null without it. */
  readonly adminAddress: AdminAddress | null;
  /** Sends to the cluster's processes, and hears their messages, by `action`. */
  readonly messenger: Messenger;

  /**
   * Starts the cluster. Resolves when the alone and all workers are ready. If one of them fails, the cluster stops everything,
   * then this rejects. It stays pending if a signal stops the app meanwhile, and in development, where (with `watch`) a failed
   * process restarts when you save a file.
   *
   * @throws (rejects with) {@link ClusterError}: `ERR_START_FAILED`, `ERR_CLOSED`, `ERR_ALREADY_STARTED`, `ERR_IN_CHILD`; where an option
   * cannot be carried out, `ERR_ADMIN_ADDRESS`, `ERR_PID_FILE`, `ERR_PID_FILE_IN_USE`, `ERR_CONFIG_INVALID` (a log file), `ERR_FLEET_…`
   */
  start(): Promise<this>;
  /**
   * Resolves when the cluster is ready, at once if it already is; rejects as {@link start} does. It does not start the cluster.
   *
   * @param callback called with the cluster when it is ready; if you pass one, an unhandled rejection is silent
   * @throws {@link ClusterError} `ERR_CALLBACK_INVALID`
   */
  ready(callback?: (cluster: this) => void): Promise<this>;
  /**
   * Stops the cluster: first the workers drain, then the alone, each within `killTimeout`. Resolves when all processes are gone,
   * after `close` was emitted. You may call it at any time, and repeatedly. `force: true`: kill all processes at once.
   */
  close(options?: { force?: boolean }): Promise<void>;
  /** `await using`: as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Sends a message, without a handle, to the destination that it carries: `to: 'alone'`, or `to: 'worker'` with `type: 'worker'`
   * (default: one ready worker, at random), `type: 'all'` or a `worker_pid`. If it reaches nobody, there is the event
   * `undeliverable`.
   *
   * With `fleet`: `scope: 'fleet'` in the message means the workers of all hosts, this one included, and `worker_pid: 'host/4711'` is the
   * worker of that pid on that host. Without it `to: 'worker'` means the workers of this host. `to: 'alone'` is with and without it the alone
   * of the fleet, wherever that is, or with `fleet.alone: 'host'` that of this host. A message doesn't say from which host it comes: put that
   * into its `data` if the receiver has to know.
   *
   * @returns false if the sender should wait before sending more (as with `process.send`), or if the cluster isn't running
   * @throws {@link ClusterError} `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE`
   */
  sendmessage<Sent extends object = object>(message: Sent): boolean;
  /** The same as {@link sendmessage}. */
  send<Sent extends object = object>(message: Sent): boolean;
  /** Like `request()`, for this cluster. Before `start()`, after the end and with `enable: false`, it rejects with
   *  `ERR_REQUEST_UNDELIVERABLE`. */
  request<Answer = any, Data = any>(
    message: FleetBroadcastRequest<Data>,
    options?: RequestOptions,
  ): Promise<BroadcastAnswers<Answer, string>>;
  request<Answer = any, Data = any>(
    message: BroadcastRequest<Data>,
    options?: RequestOptions,
  ): Promise<BroadcastAnswers<Answer>>;
  request<Answer = any, Data = any>(message: RequestMessage<Data>, options?: RequestOptions): Promise<Answer>;
  /** Like `job()`, for this cluster. */
  job<Answer = any, Data = any>(name: string, data?: Data, options?: JobOptions): Promise<Answer>;
  /**
   * Like `onRequest()`: answers requests with `to: 'app'` from this cluster's processes. You may call it before `start()`.
   *
   * @returns a function that ends it
   * @throws {@link ClusterError} `ERR_HANDLER_EXISTS`, `ERR_CALLBACK_INVALID`, `ERR_REQUEST_INVALID`
   */
  onRequest<Data = any, Answer = any>(action: string, handler: RequestHandler<Data, Answer>): () => void;
  /**
   * Chooses a ready worker at random and sends it `{ from: 'app', to: 'worker', action: 'random-worker', ...message, worker_id,
   * worker_pid }`, as JSON. It arrives at the `message` listeners of `cluster.worker` and, with `randomWorker: 'process'` in the
   * configuration, at those of `process` as well.
   *
   * Like {@link stats}, the call waits for the master's thread.
   *
   * @returns the worker; null if none is ready
   * @throws {@link ClusterError} `ERR_MESSAGE_INVALID`
   */
  randomWorker(message?: object): ClusterWorker | null;
  /**
   * The same among the workers of all hosts of the fleet, this one included. If no worker is ready anywhere, it waits for one for up to 30 s.
   *
   * @returns the host and the pid of the worker, when it has the message
   * @throws (rejects with) what `request()` does
   */
  randomWorker(message: object | undefined, options: { scope: 'fleet' }): Promise<ChosenWorker>;
  /**
   * Replaces workers (and the alone) with new ones, one slot at a time: a new worker is ready before the old one drains. The
   * first new worker is a canary: it must become ready and stay up for `minUptime` beside the old one, without connections
   * (except with `balance: 'shared'`); otherwise the reload fails, and everything stays as it was. Each further slot gets up to 4
   * attempts; if they fail, the reload rolls back the slots already replaced. SIGHUP to the app does the same.
   *
   * In development, the old process stops first (a request in progress has 250 ms), and there is no canary: the reload fails if
   * the new process does not become ready. New connections wait meanwhile.
   *
   * Reloads requested while one is running are merged into one that follows, with the options of all of them; where they differ,
   * the last one wins. After a successful reload, its options apply to all later forks.
   *
   * @returns a report, even if the reload failed: `ok: false`, with the reason
   * @throws (rejects with) {@link ClusterError}: `ERR_RELOAD_INVALID` (an option is wrong, `exec` does not exist),
   * `ERR_NO_ALONE` (`target` needs one), `ERR_NOT_RUNNING`
   */
  reload(options?: ReloadOptions): Promise<ReloadReport>;
  /**
   * Changes the number of workers, in production. Resolves when every slot has a listening worker and the surplus workers have
   * exited. You may call it during a reload; of several calls, the last one wins.
   *
   * @param count an integer from 1 to 1000
   * @throws (rejects with) {@link ClusterError}: `ERR_SCALE_INVALID`, `ERR_DEVELOPMENT`, `ERR_NOT_RUNNING`, `ERR_CLOSED` (the
   * cluster was closed before), `ERR_SCALE_SUPERSEDED` (`scale()` was called again before), `ERR_SCALE_FAILED` (a slot is empty
   * and `refork` is `false`, or could not be filled within `limit`, or some are still empty after `killTimeout`, `limit` and
   * `startTimeout` together; the number of slots stays changed, and with `refork` the master keeps trying to fill them)
   */
  scale(count: number): Promise<void>;
  /** The current state. Zeros and no children if the cluster isn't running. The call waits for the master's thread, not for any
   *  child: well under a millisecond, unless the machine has no CPU to spare. For 150 s after a call the processes tell how they are
   *  doing (`vitals`), which the next calls show. */
  stats(): ClusterStats;

  on<Name extends keyof ClusterEvents>(name: Name, listener: Listener<ClusterEvents<Message>[Name]>): this;
  once<Name extends keyof ClusterEvents>(name: Name, listener: Listener<ClusterEvents<Message>[Name]>): this;
  off<Name extends keyof ClusterEvents>(name: Name, listener: Listener<ClusterEvents<Message>[Name]>): this;
  addListener<Name extends keyof ClusterEvents>(name: Name, listener: Listener<ClusterEvents<Message>[Name]>): this;
  removeListener<Name extends keyof ClusterEvents>(name: Name, listener: Listener<ClusterEvents<Message>[Name]>): this;
  prependListener<Name extends keyof ClusterEvents>(name: Name, listener: Listener<ClusterEvents<Message>[Name]>): this;
  prependOnceListener<Name extends keyof ClusterEvents>(
    name: Name,
    listener: Listener<ClusterEvents<Message>[Name]>,
  ): this;
  emit<Name extends keyof ClusterEvents>(name: Name, ...args: ClusterEvents<Message>[Name]): boolean;
}

export interface Cluster<Message = any> extends ClusterTopics {}

// What is not marked as exported above is not.
export {};
