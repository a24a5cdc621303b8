// What the cluster reports of itself.

import { FleetStats } from './fleet';

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

/** What a process uses, as the system tells it, at most a second ago. */
export interface ProcessUsage {
  /** Its resident memory, in bytes. */
  rss: number;
  /** The CPU time that it has used, in ms. */
  cpu: number;
  /** When this was measured, in ms of the cluster's `uptime`. */
  at: number;
}

/** How a process is doing, as it tells itself each second, or every three seconds while nothing changes. All is of the time since it told
 *  last. */
export interface ProcessVitals {
  /** How much of the time its event loop was busy, from 0 to 1. */
  utilization: number;
  /** How late its event loop was, in ms: the median, the 99th percentile (of the 50 values of a second, the same as the maximum), and the
   *  maximum. */
  delay: { p50: number; p99: number; max: number };
  /** Bytes of V8's heap in use. */
  heapUsed: number;
  /** Bytes of V8's heap. */
  heapTotal: number;
  /** Bytes outside of V8's heap that belong to objects in it. */
  external: number;
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
  /** `listening`: a worker that is ready; `ready`: the alone that is. */
  state: 'starting' | 'listening' | 'ready' | 'draining' | 'standby';
  /** How long ago it was forked, in ms. */
  uptime: number;
  /** How often a process in its place (the slot, or the alone's) exited without being asked, and another one took its place. */
  restarts: number;
  /** Application messages received from it, not counting Node's own. */
  received: number;
  /** Messages written to it, including Node's own. */
  sent: number;
  /** Messages from it that were refused: too large or invalid. */
  refused: number;
  /** Bytes that wait to be written to it, including an overhead for each message. */
  queuedBytes: number;
  /** Open connections of its servers, as far as the master knows: those that the worker reports, 25 ms after a change (100 ms while there are
   *  always some; at once when a full server has room again), and those on their way to it. */
  connections: number;
  /** Null where the system doesn't tell (not Linux). */
  usage: ProcessUsage | null;
  /** Null if nobody has looked in the last minutes (`stats()`, `admin`), or the process has told nothing for 5 s: it has just begun, or
   *  its event loop is blocked. */
  vitals: ProcessVitals | null;
}

/** An address that workers listen on. */
export interface ListenerStats {
  /** Node's name for it (`address:port:addressType:fd:index`). */
  key: string;
  /** Where it listens: `127.0.0.1:3000`, `[::]:3000`, or the path of a unix socket. */
  address: string;
  /** Who currently accepts its connections: the master, or the workers on their own. See `balance`. */
  acceptor: 'master' | 'workers';
  /** Connections in the master that no worker has yet: accepted, or handed back by a worker that is replaced. */
  waiting: number;
  /** Connections that wait in the kernel's queue; null for UDP, and where the system doesn't tell
   *  (not Linux). */
  queued: number | null;
  /** Totals since the address was opened, without connections that workers accepted on their own. */
  counts: {
    /** Connections that the master accepted. */
    accepted: number;
    /** How often a worker took a connection from the master. One that was handed back (a reload) counts again. */
    handedOver: number;
    /** How often a connection had to go to another worker, because the first one refused it, handed it back (a reload) or died. */
    handedAgain: number;
    /** Connections that the master ended: no worker came for them in time (only in development), or two workers in a row had crashed
     *  with one. */
    refused: number;
    /** How often the acceptor changed. */
    switches: number;
  };
}

/** The alone, and whether it stays up. */
export interface AloneStats {
  /** `starting`: forked, but not ready yet. `waiting`: there is none; it is about to be restarted, or (in development) waits for the
   *  next save. `elsewhere`: another host of the fleet has it, or none. */
  state: 'starting' | 'ready' | 'draining' | 'waiting' | 'elsewhere';
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

/** A number for each kind of child. */
export interface ByRole<Value = number> {
  /** Of the alone. */
  alone: Value;
  /** Of the workers, all together. */
  worker: Value;
}

/** The HTTP requests that came to a slot since the cluster was started, whichever worker was there. */
export interface SlotRequests {
  /** The slot. */
  slot: number;
  /** Those that are answered, or were broken off. */
  count: number;
  /** Those that are being answered. */
  active: number;
  /** How long those of `count` took together, in ms. */
  duration: number;
  /** How many of them took at most 5, 10, 25, 50, 100, 250, 500, 1,000, 2,500, 5,000 and 10,000 ms, but longer than the bound before; the
   *  last: longer than 10,000 ms. */
  durations: number[];
}

/** Messages of one role. */
export interface RoleMessages {
  /** Received from its processes, not counting Node's own. */
  received: number;
  /** Written to them, including Node's own. */
  sent: number;
  /** From them, but refused: too large or invalid. */
  refused: number;
}

/** What has happened since the cluster was started. */
export interface ClusterCounts {
  /** Processes that were forked. */
  forks: ByRole;
  /** Of these, those that took the place of one that had exited without being asked. */
  reforks: ByRole;
  /** Processes that exited, by `exitReason`. */
  exits: ByRole<Record<string, number>>;
  /** Of these, those that nobody had asked. */
  unexpectedExits: ByRole;
  /** Reloads that are over. */
  reloads: { ok: number; failed: number };
  /** Errors that nothing in a process caught. */
  errors: ByRole;
  /** Messages that reached nobody, by reason. What a stalled receiver misses is in `missed`. */
  undeliverable: Partial<Record<UndeliverableReason, number>>;
  /** Messages to all workers, and publications, that a stalled receiver missed. */
  missed: number;
  /** How often a process broke the protocol of its channel (`protocolError`). */
  protocolErrors: ByRole;
}

/** The result of `Cluster.stats()`, and of `/stats` (see {@link AdminConfig}). */
export interface ClusterStats {
  /** Its name. */
  title: string;
  /** The version of this package. */
  version: string;
  /** `idle`: not started, or closed. */
  state: 'idle' | 'starting' | 'running' | 'stopping';
  /** What `/readyz` tells. */
  ready: boolean;
  /** When it was started, in ms since 1970; 0 if it is idle. */
  startedAt: number;
  /** How long ago that was, in ms, by a clock that nobody sets, and that stands still while the machine sleeps. */
  uptime: number;
  /** When this was told, in ms since 1970. */
  now: number;
  /** The workers by state. */
  workers: WorkerCounts;
  /** The alone; null if there is none. */
  alone: AloneStats | null;
  /** The fleet, as far as this host knows; null without `fleet`. */
  fleet: FleetStats | null;
  /** Every process. */
  children: ChildStats[];
  /** Every address that workers listen on through the master. */
  listeners: ListenerStats[];
  /** The way from the master to this process's JavaScript. */
  app: {
    /** Its process id. */
    pid: number;
    /** Null where the system doesn't tell (not Linux). */
    usage: ProcessUsage | null;
    /** Bytes of events and messages that wait until this process has time for them, including an overhead for each. */
    queuedBytes: number;
  };
  /** The HTTP requests that came to the workers of each slot, HTTP/2 included; counted with `admin` or `maxRequests`, else empty. */
  requests: SlotRequests[];
  /** What became of the output of the children, if it goes to files. */
  output: {
    /** Lines that could not be written, as the disk was full, say. */
    droppedLines: number;
  };
  /** The messages of all processes, including those that have exited, and how many wait until a process is there to take them. */
  messages: { alone: RoleMessages; worker: RoleMessages; waiting: ByRole };
  /** What has happened. */
  counts: ClusterCounts;
}

/**
 * Why a message reached nobody.
 *
 * - `no-alone`: there is no alone process; in a fleet, no host has it
 * - `no-such-worker`: no worker has this `worker_pid`
 * - `gone`: the receiver exited before it got the message
 * - `mailbox-full`: too many messages already wait for processes that have not started yet
 * - `closed`: the cluster is stopping
 * - `handle`: it came with a handle, and no receiver is there right now, or few descriptors are left. Handles don't wait; this
 *   one is closed
 * - `stalled`: it was for all workers or for a topic's subscribers (`{ topic, value }`), and one of them read nothing for 1 s while
 *   too much waited for it. The others got it; see the event `missed`
 * - `no-host`: the fleet has no host of that name, or it has just left
 * - `no-fleet`: it had `scope: 'fleet'`, and there is no `fleet`
 * - `fleet-away`: it was for another host, or for the workers of all hosts, and the servers of the fleet cannot be reached
 * - `too-large`: it was for other hosts, and is larger than the servers of the fleet accept (`max_payload` of NATS)
 * - from `Cluster.sendmessage` also `created` (not started yet) and `inProcess` (`enable: false`); from `Cluster.publish`
 *   (`{ topic, value }`) also `created`
 */
export type UndeliverableReason =
  | 'no-alone'
  | 'no-such-worker'
  | 'gone'
  | 'mailbox-full'
  | 'closed'
  | 'handle'
  | 'stalled'
  | 'no-host'
  | 'no-fleet'
  | 'fleet-away'
  | 'too-large'
  | 'created'
  | 'inProcess';

/**
 * Why a process exited, or is stopping.
 *
 * - `exit`: it exited by itself, with an exit code; the name of a signal: this signal killed it; `uncaughtException`: an uncaught
 *   exception
 * - `disconnect`, `kill`: a call of that name, in the app or in the process itself
 * - `shutdown`: the cluster is stopping; `killTimeout`: it did not finish in time
 * - `startTimeout`: it was not ready in time; `hang`: its event loop was blocked; `maxMemory`: it used too much memory;
 *   `maxRequests`, `maxAge`: it had its requests, or its time; `outOfMemory`: the system killed it because memory was short (Linux,
 *   by the counter of its cgroup)
 * - `reload`, `restart` (by the control socket), `profile` (it writes its heap): another one takes its place; `scale`: none does
 * - `moved`: the alone is another host's now; `leaseLost`: it was killed, because this host's lease of it was over
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
  | 'maxRequests'
  | 'maxAge'
  | 'outOfMemory'
  | 'reload'
  | 'restart'
  | 'profile'
  | 'scale'
  | 'moved'
  | 'leaseLost';

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
