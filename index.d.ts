import { ChildProcess } from 'child_process';
import { Worker } from 'cluster';
import { Socket as DatagramSocket } from 'dgram';
import { EventEmitter } from 'events';
import { Server, Socket } from 'net';
import { MessagePort, Worker as Thread } from 'worker_threads';
import { ClusterProcess, SendCallback } from './lib/types/child-process';
import { ClusterConfig } from './lib/types/cluster-config';
import { ClusterErrorCode } from './lib/types/codes';
import { DrainEvent } from './lib/types/drain';
import { ReloadOptions, ReloadReport } from './lib/types/reload';
import {
  ClusterStats,
  ExitReason,
  HangEvidence,
  MissedMessages,
  UndeliverableReason,
  WorkerCounts,
} from './lib/types/report';
import {
  BroadcastAnswers,
  BroadcastRequest,
  RequestHandler,
  RequestMessage,
  RequestOptions,
} from './lib/types/requests';

export * from './lib/types/child-process';
export * from './lib/types/cluster-config';
export * from './lib/types/codes';
export * from './lib/types/drain';
export * from './lib/types/reload';
export * from './lib/types/report';
export * from './lib/types/requests';

/**
 * Starts a cluster: the native master inside this process, the alone, then all workers.
 *
 * Only the app process may call it: in a worker or in the alone it rejects with `ERR_IN_CHILD`.
 *
 * @param config see {@link ClusterConfig}
 * @param onReady called once with the cluster when it is ready; not called when the start fails
 * @returns the cluster, when the alone and all workers are ready
 * @throws (rejects with) {@link ClusterError}: `ERR_CONFIG_INVALID`, `ERR_START_FAILED`, `ERR_CLOSED`, `ERR_IN_CHILD`
 */
export function startCluster<Message = any>(
  config: ClusterConfig,
  onReady?: (cluster: Cluster<Message>) => void,
): Promise<Cluster<Message>>;

/**
 * Makes a cluster without starting it: listen to its events first, then call {@link Cluster.start}.
 *
 * @throws {@link ClusterError} `ERR_CONFIG_INVALID`
 */
export function createCluster<Message = any>(config: ClusterConfig): Cluster<Message>;

/**
 * Sends a message over a process's channel, as npm's `sendmessage` does (versions 1 to 3).
 *
 * - `process` in a worker or in the alone: to the master, which routes it by `to`, `type` and `worker_pid`
 * - a {@link ClusterWorker}, a {@link ClusterAlone}, a `child_process` or a `node:cluster` worker: to that process
 * - a worker thread: by `postMessage`; in a worker thread always to its parent
 * - a process without a channel: emits `message` on it itself, later
 *
 * A closed channel is a process warning with code `CLUSTER_CHANNEL_CLOSED`; the message is not sent. With the
 * environment variable `SENDMESSAGE_ONE_PROCESS` set, every message is emitted on `target` itself.
 */
export function sendmessage(
  target: NodeJS.Process | ChildProcess | Worker | ClusterWorker | ClusterAlone | Thread | MessagePort,
  message: object,
): void;

/** What this package throws and rejects with. `cause` holds what caused it, such as a child's own error. */
export class ClusterError extends Error {
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions);
  readonly name: string;
  /** Stable; the message is not. */
  readonly code: ClusterErrorCode;
  /** Only set where there is one. */
  readonly cause?: unknown;
}

/** Options of an Error, as in ES2022. */
export interface ErrorOptions {
  /** What caused it. */
  cause?: unknown;
}

/** Where a worker's server listens, as in `node:cluster`. */
export interface Address {
  /** 4: IPv4, 6: IPv6, -1: a unix socket, 'udp4' or 'udp6'. */
  addressType: 4 | 6 | -1 | 'udp4' | 'udp6';
  /** Absent or null: every address. For a unix socket its path. */
  address?: string | null;
  /** The port; -1 for a unix socket. */
  port: number;
  /** Set if the server listens on a file descriptor. */
  fd?: number;
}

/** The events of {@link Cluster} and their arguments. `Message`: what the processes send to the app. There is no `error`: unheard, it
 *  would be thrown in the app. */
export interface ClusterEvents<Message = any> {
  /** A worker was forked (as in `node:cluster`). */
  fork: [worker: ClusterWorker];
  /** A worker's Node runs (as in `node:cluster`). */
  online: [worker: ClusterWorker];
  /** A worker's server listens (as in `node:cluster`); once for each of its servers. */
  listening: [worker: ClusterWorker, address: Address];
  /** A worker is ready, as `ready` of the configuration has it. Emitted on the worker first: `ready`. */
  workerReady: [worker: ClusterWorker];
  /** A worker's channel is closed, and all that it sent was read (as in `node:cluster`). Always before its `exit`. */
  disconnect: [worker: ClusterWorker];
  /** A worker is gone (as in `node:cluster`): with an exit code, or by a signal; the other one is null. */
  exit: [worker: ClusterWorker, code: number | null, signal: NodeJS.Signals | null];
  /** After `exit`, when nobody had asked for it (as in cfork). */
  unexpectedExit: [worker: ClusterWorker, code: number | null, signal: NodeJS.Signals | null];
  /** A worker's event loop stands still (`hangTimeout`); it is being ended, its replacement is forked. */
  hang: [worker: ClusterWorker, evidence: HangEvidence];
  /** A slot was forked again for `limit` without success, and is given up for the time being (as in cfork). */
  reachReforkLimit: [slot: number];
  /** The self-check, every 10 s in production. */
  check: [report: WorkerCounts];
  /** A message to the app: `to: 'app'`, or no known `to`. `handle`: what was passed along with it (as in `node:cluster`); it is
   *  open, and whoever gets it must close it. Absent if none was, or if it was closed meanwhile. */
  message: [from: ClusterWorker | ClusterAlone, message: Message, handle?: Handle];
  /** A message reached nobody. `from`: the sender, null for the app or if it is gone. */
  undeliverable: [from: ClusterWorker | ClusterAlone | null, message: any, reason: UndeliverableReason];
  /** A worker that took nothing for 1 s takes messages again, or is gone: so much of what was sent to all workers it did not
   *  get. The first of them (1 MiB) are `undeliverable` with reason `stalled` besides. */
  missed: [worker: ClusterWorker, missed: MissedMessages];
  /** A worker stands by (`standby`): it has booted up to its `listen`, and has no slot yet. */
  standby: [worker: ClusterWorker];
  /** A reload came to its end, well or not; also one that SIGHUP asked for. Once for those that were merged. */
  reload: [report: ReloadReport];
  /** In development: watched files changed, and `reloadDelay` passed since the last of them; what they belong to is started again
   *  now. Absolute paths, 32 at most. */
  change: [files: string[]];
  /** In development, with `watch`: a process ended by itself (`ERR_CRASHED`, with the process's own error as `cause`) and is
   *  started again when a file is saved. Of the alone only if it was not ready yet: otherwise it is started again at once. */
  crash: [error: ClusterError];
  /**
   * With `output: 'pipe'`: a child wrote to its stdout or stderr. `text`: whole lines, UTF-8 (invalid bytes replaced); lines
   * that begin with white space or a closing bracket come with the one before them. Only a line longer than 1 MiB comes in
   * parts, and a last line that was not ended gets its `\n`. In order within each stream. It may come after the child's `exit`, as with
   * `child_process`, but before `close`. Emitted on the child first: `output` (text, stream).
   */
  output: [child: ClusterWorker | ClusterAlone, text: string, stream: 'stdout' | 'stderr'];
  /** A child wrote something to its channel that is no message, or too large a one. `child` is null if it is gone already. */
  protocolError: [child: ClusterWorker | ClusterAlone | null, error: ClusterError];
  /** The alone and all workers are ready; once. */
  ready: [];
  /** No worker is left and `limit` is over (`ERR_NO_WORKERS`), or the master failed (`ERR_MASTER_FAILED`): everything is
   *  stopped, then this process exits with code 1. Other clusters of this process are closed first. With `handleSignals: false` it does
   *  not exit. */
  exception: [error: ClusterError];
  /** All processes of the cluster are gone; the last event, once. After a signal the process exits next, with
   *  `process.exitCode` (0 if not set). */
  close: [];
  /** The alone has loaded its files; again each time it was started again. */
  aloneReady: [alone: ClusterAlone];
  /** The alone didn't catch an error. It was printed there, and the alone lives on. */
  aloneError: [alone: ClusterAlone, error: Error];
  /** The alone is gone. It is started again unless the cluster closes, or waits for the next save (in development, see `crash`). */
  aloneExit: [alone: ClusterAlone, code: number | null, signal: NodeJS.Signals | null];
}

/** What goes along with a message (Node's `SendHandle`): a connection, a listening server or a bound datagram socket, or the
 *  native handle of one, for which Node has no public type. */
export type Handle = Socket | Server | DatagramSocket | object;

/** Options of `send()`, as Node has them. */
export interface SendOptions {
  /** Whether the sender keeps its `net.Socket` open. `false`: it is detached and closed, the connection is the receiver's.
   *  Default: `false`. Servers and datagram sockets always stay open until the sender closes them. */
  keepOpen?: boolean;
}

type Listener<Arguments extends any[]> = (...args: Arguments) => void;

/**
 * A cluster, as the app process sees it. While it runs it keeps the process alive.
 *
 * While it runs, Node's own `cluster` module in the app process shows its workers, for tools that are written for a primary:
 * `cluster.workers` holds them by id, each as a `cluster.Worker`, and `cluster` emits `fork`, `online`, `listening`, `disconnect`,
 * `exit` and `message` (worker, message, handle) after the cluster's own events of these names. `cluster.disconnect(callback)`
 * closes the cluster; `cluster.settings` say what its workers run. Of several clusters the first one that was started is shown.
 * Workers that the app forks with `node:cluster` itself stay its own: where ids are the same, theirs is shown.
 *
 * `Message`: the type of what its processes send to the app, for the event `message`. Nothing checks it at run time.
 */
export class Cluster<Message = any> extends EventEmitter {
  constructor(config: ClusterConfig);
  /** Its name (`title` in the configuration). */
  readonly title: string;
  /** The workers that are alive, by id. A worker is removed before its `exit` is emitted, as in `node:cluster`. */
  readonly workers: Map<number, ClusterWorker>;
  /** The alone that is alive; null if there is none. */
  readonly alone: ClusterAlone | null;

  /**
   * Starts it. Resolves when the alone and all workers are ready. If one of them fails everything is stopped, then it rejects.
   * Stays pending if a signal ends the app meanwhile, and in development, where (with `watch`) a process that failed is started
   * again when a file is saved.
   *
   * @throws (rejects with) {@link ClusterError}: `ERR_START_FAILED`, `ERR_CLOSED`, `ERR_ALREADY_STARTED`, `ERR_IN_CHILD`
   */
  start(): Promise<this>;
  /**
   * Resolves when the cluster is ready, at once if it is already; rejects as {@link start} does. Starts nothing.
   *
   * @param callback called with the cluster when it is ready; with it, a rejection that nobody handles is silent
   * @throws {@link ClusterError} `ERR_CALLBACK_INVALID`
   */
  ready(callback?: (cluster: this) => void): Promise<this>;
  /**
   * Ends the cluster: workers finish what they have, then the alone, within `killTimeout`. Resolves when all processes are
   * gone, after `close` was emitted. May be called at any time and again. `force: true`: all are killed at once.
   */
  close(options?: { force?: boolean }): Promise<void>;
  /** `await using`: as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Sends a message, without a handle, where it says: `to: 'alone'`; `to: 'worker'` with `type: 'worker'` (default: one ready worker, at
   * random), `type: 'all'` or a `worker_pid`. One that reaches nobody is the event `undeliverable`.
   *
   * @returns false if the sender had better wait (as `process.send` does), or if the cluster isn't running
   * @throws {@link ClusterError} `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE`
   */
  sendmessage<Sent extends object = object>(message: Sent): boolean;
  /** The same as {@link sendmessage}. */
  send<Sent extends object = object>(message: Sent): boolean;
  /** As `request()`, of this cluster. Before `start()`, after the end and with `enable: false`:
   *  `ERR_REQUEST_UNDELIVERABLE`. */
  request<Answer = any, Data = any>(
    message: BroadcastRequest<Data>,
    options?: RequestOptions,
  ): Promise<BroadcastAnswers<Answer>>;
  request<Answer = any, Data = any>(message: RequestMessage<Data>, options?: RequestOptions): Promise<Answer>;
  /**
   * Answers the requests of this cluster's processes with `to: 'app'`, as `onRequest()`. May be called before `start()`.
   *
   * @returns a function that ends it
   * @throws {@link ClusterError} `ERR_HANDLER_EXISTS`, `ERR_CALLBACK_INVALID`, `ERR_REQUEST_INVALID`
   */
  onRequest<Data = any, Answer = any>(action: string, handler: RequestHandler<Data, Answer>): () => void;
  /**
   * Chooses a ready worker at random and sends it `{ from: 'app', to: 'worker', action: 'random-worker', ...message,
   * worker_id, worker_pid }`, as JSON. It arrives at the `message` listeners of `cluster.worker`; with `randomWorker: 'process'` in
   * the configuration at those of `process` as well.
   *
   * The call waits for the master's thread, as {@link stats} does.
   *
   * @returns the worker; null if none is ready
   * @throws {@link ClusterError} `ERR_MESSAGE_INVALID`
   */
  randomWorker(message?: object): ClusterWorker | null;
  /**
   * Replaces workers (and the alone) with new ones, one slot at a time: a new worker is ready before the old one finishes what
   * it has. The first new worker is a canary: it must become ready and stay up `minUptime` beside the old one, without
   * connections (`balance: 'shared'` apart), or the reload is given up and everything stays as it was. Each further slot is
   * tried up to 4 times; then what was replaced is replaced again, with what there was before. SIGHUP to the app does the same.
   *
   * In development the old process is ended first, at once (a request under way has 250 ms), and there is no canary: what does
   * not become ready has failed. Who connects meanwhile waits.
   *
   * Reloads that are asked for while one is under way are merged into one that follows, with the options of all of them; where
   * they differ the last one counts. The options hold for all later forks, once the reload succeeded.
   *
   * @returns how it went, also when it was given up: `ok: false`, with the reason
   * @throws (rejects with) {@link ClusterError}: `ERR_RELOAD_INVALID` (an option is wrong, `exec` does not exist),
   * `ERR_NO_ALONE` (`target` needs one), `ERR_NOT_RUNNING`
   */
  reload(options?: ReloadOptions): Promise<ReloadReport>;
  /**
   * Changes the number of workers, in production. Resolves when every slot listens and the workers that are too many have
   * finished and ended. May be called during a reload; of several calls the last one counts.
   *
   * @param count an integer from 1 to 1000
   * @throws (rejects with) {@link ClusterError}: `ERR_SCALE_INVALID`, `ERR_DEVELOPMENT`, `ERR_NOT_RUNNING`, `ERR_CLOSED` (the
   * cluster was closed before), `ERR_SCALE_SUPERSEDED` (another count was asked for before), `ERR_SCALE_FAILED` (a slot is
   * empty and `refork` is `false`, or had no success within `limit`, or not all were filled within `killTimeout`, `limit` and
   * `startTimeout` together; the number of slots stays changed, and with `refork` they are tried on)
   */
  scale(count: number): Promise<void>;
  /** What is going on now. Zeros and no children if the cluster isn't running. The call waits for the master's thread (not for any
   *  child): well below a millisecond, unless the machine has no CPU free for it. */
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

/** A process of the cluster. An EventEmitter as Node's Worker is: `message`, `online`, `disconnect`, `exit` (code, signal);
 *  and `output` (text, stream), with `output: 'pipe'`. */
declare class ClusterChild extends EventEmitter {
  protected constructor();
  /** Never used again within a cluster. */
  readonly id: number;
  /** Its process id. */
  readonly pid: number;
  /** The child as a ChildProcess, for tools. */
  readonly process: ClusterProcess;
  /** Why it ended, or is ending. Undefined while it is to go on. */
  readonly exitReason: ExitReason | undefined;
  /** When it was forked, as `Date.now()`. */
  readonly startedAt: number;
  /**
   * Sends a message to exactly this process, whatever its `to` says (Node's `worker.send`; handle and options may be left out before
   * the callback).
   *
   * @param handle a connection, a server or a datagram socket to pass along. A `net.Socket` is closed here then, and should be
   * one that was paused or not read yet: what was read stays here. If it was closed already the message goes without it. A TLS
   * connection cannot be passed
   * @param callback called when the message was handed on, or with an error if the process is gone
   * @returns false if the sender had better wait, or if the process is gone (then a handle stays as it was)
   * @throws {@link ClusterError}: `ERR_MESSAGE_INVALID`, `ERR_MESSAGE_TOO_LARGE`, `ERR_HANDLE_INVALID`, `ERR_SEND_ARGUMENTS`
   */
  send(message: any, callback?: SendCallback): boolean;
  send(message: any, handle: Handle | null | undefined, callback?: SendCallback): boolean;
  send(
    message: any,
    handle: Handle | null | undefined,
    options: SendOptions | undefined,
    callback?: SendCallback,
  ): boolean;
  /**
   * Sends a signal (Node's `worker.kill` in the primary). Default: SIGTERM. Upon SIGTERM, SIGINT and SIGQUIT a worker ends as by
   * `disconnect()`, within `killTimeout`, and is replaced; the alone ignores them, unless it listens to them itself. 0: sends none.
   *
   * @returns whether the process had not ended yet
   * @throws {@link ClusterError} `ERR_UNKNOWN_SIGNAL`
   */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** Whether its channel is open (as in Node). */
  isConnected(): boolean;
  /** Whether its process has ended (as in Node). */
  isDead(): boolean;
}

/** A worker. A *slot* is a place, a worker is one process in it: its successor has the same slot and a new id. */
export class ClusterWorker extends ClusterChild {
  private constructor();
  /** Its slot, from 1 to `count`; the worker's own `NODE_APP_INSTANCE` (`instanceVar`) is one less. `id` is its `cluster.worker.id`. Undefined
   *  while it stands by (`standby`). */
  readonly slot: number | undefined;
  /** How far it is. Node's names, and `forking`, `standby` (booted, without a slot), `draining` (it takes no new connections and
   *  finishes what it has). */
  readonly state: 'forking' | 'online' | 'standby' | 'listening' | 'draining' | 'disconnected' | 'dead';
  /** Whether its end was asked for (Node's property). Undefined until its channel is closed. */
  readonly exitedAfterDisconnect: boolean | undefined;
  /** Asks it to finish what it has and to end (Node's `worker.disconnect`); its slot is filled again. */
  disconnect(): this;
}

/** The alone. There are never two of them alive. */
export class ClusterAlone extends ClusterChild {
  private constructor();
  /** How far it is. */
  readonly state: 'forking' | 'online' | 'ready' | 'draining' | 'disconnected' | 'dead';
}

declare global {
  namespace NodeJS {
    interface Process {
      /** In workers and in the alone: the same as `pid`. */
      readonly id?: number;
      /** In workers and in the alone: this process takes no new connections any more, and ends when it has finished. */
      on(event: 'yunfly:drain', listener: (event: DrainEvent) => void): this;
      once(event: 'yunfly:drain', listener: (event: DrainEvent) => void): this;
    }
  }
}

declare module 'child_process' {
  interface ChildProcess {
    /** `cluster.worker.process.id` in a worker: the same as `pid`. */
    readonly id?: number;
  }
}

// What is not marked as exported above is not.
export {};
