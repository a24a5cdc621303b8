// More than one machine.

/**
 * The other hosts, with which this one shares one alone and one random worker and exchanges messages, and the NATS servers over which they
 * do. One of `url` and `servers` is needed.
 *
 * It needs a native binding of its own, the package `@yunflyjs/cluster-native-fleet-<target>`, such as `…-linux-x64-gnu` (`ERR_FLEET_MISSING` where
 * there is none). The servers need JetStream. A file that does not exist, an unknown field, or anything else that is wrong, throws
 * `ERR_CONFIG_INVALID`; no message shows a user, password or token.
 */
export interface FleetConfig {
  /** A server: `nats://host:port` or `tls://host:port`. What stands before an `@` in it are credentials: `user:password@`, or a token by itself
   *  (`token@`), percent-encoded where need be, and not together with `credentials`. They are never shown. */
  url?: string;
  /** The same for several servers. If there are credentials in several URLs, they are the same. */
  servers?: readonly string[];
  /** What hosts that belong together have in common: two fleets on the same servers need different names. Default: `title`. */
  name?: string;
  /** The name of this host, different for each. Default: that of the system (`os.hostname()`). */
  host?: string;
  /** With it, or with a `tls:` URL, only secure connections are made. */
  tls?: FleetTls;
  /** Who this host is to the servers. Default: nobody. */
  credentials?: FleetCredentials;
  /** `'fleet'`: one of the hosts has the alone. `'host'`: each host has its own. It then waits for no other host, and doesn't learn which host
   *  has the fleet's alone. Default: `'fleet'` if this host has an alone configured, else `'host'`. */
  alone?: 'fleet' | 'host';
  /** `'fleet'`: one worker of all hosts is chosen for the jobs that only one may do (`random-worker`); it has a lease of its own, like that
   *  of the alone. `'host'`: one on each host. Default: `'fleet'`, but `'host'` with `randomWorker: false` in the configuration of the
   *  cluster. */
  randomWorker?: 'fleet' | 'host';
  /** How long a host that has died, or is cut off, keeps the alone from the others, in ms, at least 1000. Its own alone is killed after
   *  ¾ of this time. Below about 10 s the alone also moves when one of three NATS servers fails. Default: 15000. */
  lease?: number;
  /** What becomes of the alone, and of the random worker, if its lease cannot be renewed in time. `'stop'`: it is killed. `'keep'`: it runs
   *  until another host is seen to have one, so for a while there may be two; meanwhile `aloneLost` or `randomWorkerLost` has been emitted
   *  (`expired`), and the `validUntil` of its `fence()` is past. If this host gets the lease again, the process is told its new token, and
   *  is not restarted. Default: `'stop'`. */
  onLost?: 'stop' | 'keep';
  /** When a host without the alone forks its workers. `'wait'`: when the fleet's alone is ready, wherever it is; if there is none within
   *  `startTimeout` and `lease`, the start fails. `'serve'`: at once. With `alone: 'host'`, and without an alone, it has no effect: no other
   *  host is waited for. Default: `'wait'`. */
  start?: 'wait' | 'serve';
}

/** Files in PEM, relative to `cwd`. `cert` and `key` go together. */
export interface FleetTls {
  /** The certificates that the servers' certificates are checked by. Default: those of the system. */
  ca?: string;
  /** The certificate of this host. */
  cert?: string;
  /** Its key. */
  key?: string;
}

/** One of: a file of NATS (`.creds`), relative to `cwd`, which is read again at each connection, so it may be renewed while the app runs; a
 *  user and a password; a token. */
export type FleetCredentials = { file: string } | { user: string; password: string } | { token: string };

/** The fleet, as this host sees it: `cluster.fleet`. */
export interface ClusterFleet {
  /** `fleet.name` of the configuration. */
  readonly name: string;
  /** The name of this host. */
  readonly host: string;
  /** Whether this host reaches one of the servers. */
  readonly connected: boolean;
  /** Which host has the alone, and whether that is ready, as far as this host knows; null: none, or not known, as ever with
   *  `alone: 'host'`. */
  readonly alone: { host: string; ready: boolean } | null;
  /** Which host chooses the random worker, and whether one is chosen, as far as this host knows; null: none, or not known, as ever with
   *  `randomWorker: 'host'`. */
  readonly randomWorker: { host: string; ready: boolean } | null;
  /** The hosts that are there, as far as this host knows: this one, and those that it reaches over the servers. By name; none once this
   *  cluster is closed. */
  members(): FleetMember[];
  /**
   * Gives the alone to another host: it stops as at a reload, then the other one starts. It returns at once; see the events `aloneLost` and
   * `aloneAcquired`. On a host that does not have the alone it has no effect.
   *
   * @param to the host that is to have it, one of `members()`; by default any other
   * @throws {@link ClusterError} `ERR_FLEET_INVALID`: there is no such host; `ERR_NOT_RUNNING`
   */
  move(to?: string): void;
  /**
   * Takes the alone and the random worker no more, and gives away what this host has of them: before maintenance. The workers go on. It
   * returns at once.
   *
   * @throws {@link ClusterError} `ERR_NOT_RUNNING`
   */
  drain(): void;
  /**
   * Ends `drain()`: this host may have them again.
   *
   * @throws {@link ClusterError} `ERR_NOT_RUNNING`
   */
  resume(): void;
  /** What it tells, as a plain object. */
  toJSON(): object;
}

/** A host of the fleet. */
export interface FleetHost {
  /** Its name. */
  host: string;
  /** How many of its workers are ready. */
  workers: number;
  /** The version of this package there. */
  version: string;
  /** When its cluster started, in ms since 1970. */
  startedAt: number;
  /** Whether it takes neither the alone nor the random worker: `drain()`. */
  draining: boolean;
}

/** One of `members()`. */
export interface FleetMember extends FleetHost {
  /** Whether it is this host. */
  self: boolean;
}

/** With `hostLeave`: which host is not there any more. */
export interface LeftHost {
  /** Its name. */
  host: string;
  /** `closed`: it said so. `silent`: nothing was heard of it, so it has died, or it or this host is cut off. */
  reason: 'closed' | 'silent';
}

/** With `fleetMissed`: what was lost on its way here. */
export interface MissedOfHost {
  /** Who had sent it. */
  host: string;
  /** How many messages, requests, answers and publications. */
  count: number;
}

/** With `aloneAcquired` and `randomWorkerAcquired`: the right to run the alone, or to choose the random worker. */
export interface AloneLease {
  /** As in {@link Fence}. */
  token: string;
}

/** With `aloneLost` and `randomWorkerLost`: why this host has the alone, or the random worker, no more. */
export interface LostAlone {
  /** `expired`: the lease was not renewed in time; with `onLost: 'keep'` the process runs on all the same, and if another host has it in the
   *  end, `taken` follows. `taken`: another host has it, or it is gone from the servers. `moved`: it was given away. */
  reason: 'expired' | 'taken' | 'moved';
}

/** `stats().fleet`. */
export interface FleetStats {
  /** The name of this host. */
  host: string;
  /** Whether it reaches one of the servers. */
  connected: boolean;
  /** Whether it takes neither the alone nor the random worker: `drain()`. */
  draining: boolean;
  /** The server that it reaches, or reached last; null: none yet. */
  server: string | null;
  /** Which host has the alone, and whether that is ready; null: none, or not known. */
  holder: { host: string; ready: boolean } | null;
  /** The token of this host, if it has the alone; else null. */
  token: string | null;
  /** For how long this host may have it, in ms, unless the lease is renewed; null if it has not. */
  validFor: number | null;
  /** How often this host got the alone, and had it no more: `moved`, `expired` and `taken` as in {@link LostAlone}. */
  leases: { acquired: number; moved: number; expired: number; taken: number };
  /** The same of the random worker: which host chooses it, and whether one is chosen. */
  randomWorker: Pick<FleetStats, 'holder' | 'token' | 'validFor' | 'leases'>;
  /** The other hosts that are there. */
  members: FleetHost[];
  /** How many messages, requests, answers and publications went to other hosts, came from them, and were lost on their way here. */
  messages: { sent: number; received: number; missed: number };
  /** What this host asked others, and each of them has answered: how many, how long they took together in ms, and how long each took,
   *  as in {@link SlotRequests}. */
  requests: { count: number; duration: number; durations: number[] };
}

/**
 * The fencing token of this process, if it is the fleet's alone or its random worker. Send it along with each write, and have the store
 * refuse a token lower than the highest it has seen. Then a process that was frozen and wakes up after another has taken over can no longer
 * write. The two roles have separate leases: don't compare their tokens.
 *
 * @returns undefined in every other process, in worker threads, and without a fleet
 */
export function fence(): Fence | undefined;

/** What `fence()` gives. */
export interface Fence {
  /** Two integers, `<bucket>.<revision>`: it grows with each host that has the role, compared first by the one and then by the other. */
  token: string;
  /** Until when this process may act, in ms since 1970, as far as is known now. It is renewed about every fifth of `lease`. The master ends
   *  the process by then, whatever its JavaScript does; with `onLost: 'keep'` it may run on, and this is past. A process that has closed its
   *  own channel (`process.disconnect()`) hears of no more renewals: this passes. */
  validUntil: number;
}
