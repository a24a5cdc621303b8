// What the cluster reports of itself.

/** How many workers there are. */
export interface WorkerCounts {
  /** Ready, and taking work. */
  listening: number;
  /** Forked, not ready yet. */
  starting: number;
  /** Asked to finish, or finishing by themselves. */
  draining: number;
  /** Booted, without a slot (`standby`). */
  standby: number;
  /** Slots that wait to be forked again. */
  waiting: number;
}

/** A process of the cluster and its channel, as the master sees it. */
export interface ChildStats {
  /** What it is. */
  role: 'worker' | 'alone';
  /** Its id: `ClusterWorker.id` or `ClusterAlone.id`. */
  id: number;
  /** A worker's slot; null for the alone, and for a worker that stands by. */
  slot: number | null;
  /** Its process id. */
  pid: number;
  /** Messages of the app that came from it; Node's own do not count. */
  received: number;
  /** Messages that were written to it, Node's own included. */
  sent: number;
  /** Messages of it that were refused: too large, or no messages. */
  refused: number;
  /** Bytes that wait to be written to it, with what each message costs beside. */
  queuedBytes: number;
  /** Connections that its servers have open, as far as the master knows: told by the worker 25 ms after a change, and what is
   *  on its way to it. */
  connections: number;
}

/** An address that workers listen on. */
export interface ListenerStats {
  /** Node's name for it (`address:port:addressType:fd:index`). */
  key: string;
  /** Who accepts its connections now: the master, or the workers by themselves. See `balance`. */
  acceptor: 'master' | 'workers';
  /** Connections that the master has accepted and no worker has taken yet. */
  waiting: number;
  /** Connections that wait in the kernel's queue; null for UDP, and where the system doesn't tell
   *  (not Linux). */
  queued: number | null;
  /** What the master has done since the address was listened on. What workers accepted by themselves is not counted. */
  counts: {
    /** Connections that it accepted. */
    accepted: number;
    /** Of them, how many a worker took. */
    handedOver: number;
    /** How often one had to go to another worker: it was refused, or the worker died. */
    handedAgain: number;
    /** How often the acceptor changed. */
    switches: number;
  };
}

/** What a worker did not get of what was sent to all workers. */
export interface MissedMessages {
  /** How many. */
  messages: number;
  /** Their bytes. */
  bytes: number;
}

/** What `Cluster.stats()` tells. */
export interface ClusterStats {
  /** The workers by state. */
  workers: WorkerCounts;
  /** Every process. */
  children: ChildStats[];
  /** Every address that workers listen on by the master. */
  listeners: ListenerStats[];
  /** The way from the master to this process's JavaScript. */
  app: {
    /** Bytes of events and messages that wait until this process has time for them, with what each costs beside. */
    queuedBytes: number;
  };
}

/**
 * Why a message reached nobody.
 *
 * - `no-alone`: there is no alone process
 * - `no-such-worker`: no worker has this `worker_pid`
 * - `gone`: the process ended before it got it
 * - `mailbox-full`: too much waits already for processes that are not there yet
 * - `closed`: the cluster stops
 * - `handle`: it came with a handle, and nobody is there for it now, or few descriptors are left. Handles don't wait; this one is closed
 * - `stalled`: it was for all workers, and one of them took nothing for 1 s while too much waited for it. The other workers
 *   got it; see the event `missed`
 * - of `Cluster.sendmessage` also `created` (not started yet) and `inProcess` (`enable: false`)
 */
export type UndeliverableReason =
  'no-alone' | 'no-such-worker' | 'gone' | 'mailbox-full' | 'closed' | 'handle' | 'stalled' | 'created' | 'inProcess';

/**
 * Why a process ended, or is ending.
 *
 * - `exit`: by itself, with an exit code; the name of a signal: by this signal; `uncaughtException`: by an exception that nobody caught
 * - `disconnect`, `kill`: by the call of that name, in the app or in the process itself
 * - `shutdown`: the cluster stops; `killTimeout`: it did not finish in time
 * - `startTimeout`: it was not ready in time; `hang`: its event loop stood still; `maxMemory`: it held too much
 * - `reload`, `scale`: another one takes its place, or none does
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
  | 'reload'
  | 'scale';

/** What is known of a hung worker. */
export interface HangEvidence {
  /** For how long nothing was heard of it, in ms. */
  silentFor: number;
  /** `blocked`: it burns CPU (a loop, a regular expression). `stopped`: by a signal such as SIGSTOP. `waiting`: for something
   *  synchronous (a file, a lock). `traced`: a debugger holds it. `unknown`: the system doesn't tell (not Linux). */
  state: 'blocked' | 'stopped' | 'waiting' | 'traced' | 'unknown';
  /** How much of one CPU it used while it was looked at: 0 to 1, more with several threads. */
  cpu: number;
}
