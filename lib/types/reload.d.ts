// Cluster.reload(): what it is given, and what it tells.

import type { ClusterError } from '../..';

/** What changes with a reload. Everything may be left out: the same once more, from the files as they are now. */
export interface ReloadOptions {
  /** Laid over the `env` of before; `undefined` as a value removes the variable. */
  env?: Record<string, string | number | boolean | undefined>;
  /** The script that the new workers run, relative to the configuration's `cwd`. Default: the one of before. */
  exec?: string;
  /** The new workers' arguments. Default: those of before. */
  args?: readonly string[];
  /** What is replaced. The alone is ended before its successor is started: there are never two. `'all'`: first the alone, then
   *  the workers. Default: `'worker'`. */
  target?: 'worker' | 'alone' | 'all';
  /** How many slots change at the same time, once the first one has: an integer from 1 to 1000. Default: 1. */
  concurrency?: number;
}

/** How a reload went. */
export type ReloadReport =
  | {
      /** Every process was replaced, and the old ones have ended. */
      ok: true;
      /** One for each process, in the order in which the old ones ended. */
      replaced: Replacement[];
    }
  | {
      /** It was given up. */
      ok: false;
      /** Why, as a stable code. */
      reason: ReloadFailure;
      /** Why, in words: `ERR_RELOAD_FAILED`, whose `cause` is the new process's own error, if it told one. With `not-begun` (event `reload`
       *  after SIGHUP): what `reload()` would have rejected with. */
      error: ClusterError;
      /** What had been replaced until then, and what was taken back; nothing if the canary failed. */
      replaced: Replacement[];
    };

/**
 * Why a reload was given up.
 *
 * - `did-not-stay`: a new worker ended before its place was its own: while it booted, or as the canary within `minUptime`
 * - `alone-not-ready`: the new alone ended before it was ready
 * - `not-ready`: in development, a new process ended before it was ready
 * - `closed`: the cluster was closed meanwhile
 * - `not-begun`: SIGHUP asked for it, and it could not begin
 */
export type ReloadFailure = 'did-not-stay' | 'alone-not-ready' | 'not-ready' | 'closed' | 'not-begun';

/** A process that took the place of another. */
export interface Replacement {
  /** The slot; null for the alone. */
  slot: number | null;
  /** The process that was there; null if the slot was empty. */
  oldPid: number | null;
  /** The process that is there now. */
  newPid: number | null;
  /** From the new one's first fork until it was ready, in ms. */
  readyAfter: number;
  /** From then until the old one's end, in ms; null if there was none. */
  drainedAfter: number | null;
  /** Connections that the old one had when it was asked to finish. */
  connections: number;
}
