// What the cluster reports of itself.

/** The number of workers in each state. */
export interface WorkerCounts {
  /** Ready, and accepting work. */
  listening: number;
  /** Forked, but not ready yet. */
  starting: number;
  /** Draining, on request or by themselves. */
  draining: number;
  /** Booted, but without a slot (`standby`). */
  standby: number;
  /** Slots that wait for a new worker. */
  waiting: number;
}

/** A process of the cluster and its channel, as the master sees it. */
export interface ChildStats {
  /** Its role. */
  role: 'worker' | 'alone';
  /** Its id: `ClusterWorker.id` or `ClusterAlone.id`. */
  id: number;
  /** A worker's slot; null for the alone, and for a standby worker. */
  slot: number | null;
  /** Its process id. */
  pid: number;
  /** Application messages received from it, not counting Node's own. */
  received: number;
  /** Messages written to it, including Node's own. */
  sent: number;
  /** Messages from it that were refused: too large or invalid. */
  refused: number;
  /** Bytes that wait to be written to it, including an overhead for each message. */
  queuedBytes: number;
  /** Open connections of its servers, as far as the master knows: those that the worker reports, 25 ms after a change, and those
   *  on their way to it. */
  connections: number;
}

/** An address that workers listen on. */
export interface ListenerStats {
  /** Node's name for it (`address:port:addressType:fd:index`). */
  key: string;
  /** Who currently accepts its connections: the master, or the workers on their own. See `balance`. */
  acceptor: 'master' | 'workers';
  /** Connections that the master has accepted, but no worker yet. */
  waiting: number;
  /** Connections that wait in the kernel's queue; null for UDP, and where the system doesn't tell
   *  (not Linux). */
  queued: number | null;
  /** Totals since the address was opened, without connections that workers accepted on their own. */
  counts: {
    /** Connections that the master accepted. */
    accepted: number;
    /** Of these, how many a worker accepted. */
    handedOver: number;
    /** How often a connection had to go to another worker, because the first one refused it or died. */
    handedAgain: number;
    /** How often the acceptor changed. */
    switches: number;
  };
}

/** The alone, and whether it stays up. */
export interface AloneStats {
  /** `starting`: forked, but not ready yet. `waiting`: there is none; it is about to be restarted, or (in development) waits for the
   *  next save. */
  state: 'starting' | 'ready' | 'draining' | 'waiting';
  /** How often it was restarted since it last stayed up for `minUptime`; 0 if it does now. */
  restarts: number;
  /** Whether that has gone on for longer than `aloneLimit`, else `limit`: the event `aloneReachLimit`. */
  limitReached: boolean;
}

/** The messages to all workers, and what was published, that a process missed. */
export interface MissedMessages {
  /** How many. */
  messages: number;
  /** Their size in bytes. */
  bytes: number;
}

/** The result of `Cluster.stats()`. */
export interface ClusterStats {
  /** The workers by state. */
  workers: WorkerCounts;
  /** The alone; null if there is none. */
  alone: AloneStats | null;
  /** Every process. */
  children: ChildStats[];
  /** Every address that workers listen on through the master. */
  listeners: ListenerStats[];
  /** The way from the master to this process's JavaScript. */
  app: {
    /** Bytes of events and messages that wait until this process has time for them, including an overhead for each. */
    queuedBytes: number;
  };
}

/**
 * Why a message reached nobody.
 *
 * - `no-alone`: there is no alone process
 * - `no-such-worker`: no worker has this `worker_pid`
 * - `gone`: the receiver exited before it got the message
 * - `mailbox-full`: too many messages already wait for processes that have not started yet
 * - `closed`: the cluster is stopping
 * - `handle`: it came with a handle, and no receiver is there right now, or few descriptors are left. Handles don't wait; this
 *   one is closed
 * - `stalled`: it was for all workers or for a topic's subscribers (`{ topic, value }`), and one of them read nothing for 1 s while
 *   too much waited for it. The others got it; see the event `missed`
 * - from `Cluster.sendmessage` also `created` (not started yet) and `inProcess` (`enable: false`); from `Cluster.publish`
 *   (`{ topic, value }`) also `created`
 */
export type UndeliverableReason =
  'no-alone' | 'no-such-worker' | 'gone' | 'mailbox-full' | 'closed' | 'handle' | 'stalled' | 'created' | 'inProcess';

/**
 * Why a process exited, or is stopping.
 *
 * - `exit`: it exited by itself, with an exit code; the name of a signal: this signal killed it; `uncaughtException`: an uncaught
 *   exception
 * - `disconnect`, `kill`: a call of that name, in the app or in the process itself
 * - `shutdown`: the cluster is stopping; `killTimeout`: it did not finish in time
 * - `startTimeout`: it was not ready in time; `hang`: its event loop was blocked; `maxMemory`: it used too much memory;
 *   `outOfMemory`: the system killed it because memory was short (Linux, by the counter of its cgroup)
 * - `reload`: another one takes its place; `scale`: none does
 */
export type ExitReason =
  | 'exit'
  | NodeJS.Signals
  | 'uncaughtException'
  | 'disconnect'
  | 'kill'
  | 'shutdown'
  | 'killTimeout'
  | 'startTimeout'
  | 'hang'
  | 'maxMemory'
  | 'outOfMemory'
  | 'reload'
  | 'scale';

/** The evidence about a hung worker. */
export interface HangEvidence {
  /** How long it has been silent, in ms. */
  silentFor: number;
  /** `blocked`: it is using CPU (a loop, a regular expression). `stopped`: a signal such as SIGSTOP stopped it. `waiting`: it
   *  waits for something synchronous (a file, a lock). `traced`: a debugger holds it. `unknown`: the system doesn't tell (not
   *  Linux). */
  state: 'blocked' | 'stopped' | 'waiting' | 'traced' | 'unknown';
  /** How much of one CPU it used while it was observed: 0 to 1, more with several threads. */
  cpu: number;
}
