// Cluster.reload(): what it is given, and what it tells.

import type { ClusterError } from '../..';

/** What a reload changes. All options are optional: without any, the new processes load the same scripts from the files as they
 *  are now. */
export interface ReloadOptions {
  /** Merged into the previous `env`; `undefined` as a value removes the variable. */
  env?: Record<string, string | number | boolean | undefined>;
  /** The script that the new workers run, relative to the configuration's `cwd`. Default: the previous one. */
  exec?: string;
  /** The new workers' arguments. Default: the previous ones. */
  args?: readonly string[];
  /** What to replace. The alone stops before its successor starts: there are never two. `'all'`: first the alone, then the
   *  workers. Default: `reloadTarget` of the configuration. */
  target?: 'worker' | 'alone' | 'all';
  /** How many slots to replace at a time after the first one: an integer from 1 to 1000. Default: 1. */
  concurrency?: number;
}

/** How a reload went. */
export type ReloadReport =
  | {
      /** Every process was replaced, and the old ones have exited. */
      ok: true;
      /** One entry per process, in the order in which the old ones exited. */
      replaced: Replacement[];
    }
  | {
      /** The reload failed. */
      ok: false;
      /** Why, as a stable code. */
      reason: ReloadFailure;
      /** `ERR_RELOAD_FAILED`, whose `cause` is the new process's own error, if it reported one. With `not-begun` (event `reload`
       *  after SIGHUP): the error that `reload()` would have rejected with. */
      error: ClusterError;
      /** The processes replaced until then, and those rolled back; empty if the canary failed. */
      replaced: Replacement[];
    };

/**
 * Why a reload failed.
 *
 * - `did-not-stay`: a new worker exited while booting, or the canary exited within `minUptime`
 * - `alone-not-ready`: the new alone exited before it was ready
 * - `not-ready`: in development, a new process exited before it was ready
 * - `closed`: the cluster was closed meanwhile
 * - `not-begun`: SIGHUP asked for a reload that could not begin
 */
export type ReloadFailure = 'did-not-stay' | 'alone-not-ready' | 'not-ready' | 'closed' | 'not-begun';

/** A process that replaced another. */
export interface Replacement {
  /** The slot; null for the alone. */
  slot: number | null;
  /** The old process; null if the slot was empty. */
  oldPid: number | null;
  /** The new process. */
  newPid: number | null;
  /** Time from the new one's first fork until it was ready, in ms. */
  readyAfter: number;
  /** Time from then until the old one exited, in ms; null if there was none. */
  drainedAfter: number | null;
  /** Connections that the old one had open when it was asked to drain. */
  connections: number;
}
