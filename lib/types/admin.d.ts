// The admin address: health, metrics, statistics and what has happened, over HTTP.

import { HangEvidence } from './report';

/**
 * Where the cluster can be looked at over HTTP, and by whom. The master answers in its own thread, even while the app's JavaScript is
 * blocked: `/livez` (200: the master is alive), `/readyz` (200: at least `readyWorkers` workers listen, and the cluster is not
 * stopping; else 503, from the very beginning of a stop, before `shutdownDelay`), `/metrics` (Prometheus' text format, or
 * OpenMetrics if `Accept` says so), `/stats` (as `Cluster.stats()`, as JSON), `/events` ({@link PastEvents}), and `/`: a page that shows all
 * this. Exactly one of `port` and `path` is needed.
 */
export interface AdminConfig {
  /** A TCP port; 0: any free port, which {@link Cluster.adminAddress} tells. */
  port?: number;
  /** With `port`: an IP address, or `'localhost'` (127.0.0.1). If it is not a loopback address, other machines can ask: then only
   *  `/livez`, `/readyz` and `/metrics` are answered, unless `page` says otherwise. Default: `'127.0.0.1'`. */
  host?: string;
  /** The path of a unix socket, relative to `cwd`. Its folder's permissions, and the umask, decide who may connect. */
  path?: string;
  /** Whether everything is answered to other machines, too: the page, `/stats` and `/events`. Default: `false`. */
  page?: boolean;
  /** How many workers must be ready for `/readyz`, at most `count` (in development there is one). Default: 1. */
  readyWorkers?: number;
  /** The names that a `Host` header may have, besides IP addresses and `localhost`: any other name could be that of a web page whose
   *  name was pointed at this address (DNS rebinding), and is refused with 403. `/livez` and `/readyz` answer to any name.
   *  Default: none. */
  allowedHosts?: string[];
}

/** What `/events` answers: the last 200 events and the last 20 errors. With `?after=<id>`, those that came after that event. */
export interface PastEvents {
  /** When the cluster was started, in ms since 1970. Another cluster at this address counts its events from 1 again. */
  startedAt: number;
  /** The id of the last event. */
  last: number;
  /** Oldest first. */
  events: PastEvent[];
}

/** The process that an event is about. */
export interface PastProcess {
  /** Its role. */
  role: 'worker' | 'alone';
  /** A worker's slot; null for the alone, and for a standby worker. */
  slot: number | null;
  /** Its process id. */
  pid: number;
}

/**
 * Something that has happened.
 *
 * - `exit`: a process exited; `expected`: somebody had asked it to
 * - `error`: an error that nothing in a process caught. Long texts are cut: the stack after 8 KiB
 * - `hang`: a worker's event loop is blocked
 * - `givenUp`: no worker stayed in a slot for `limit`
 * - `reload`: one began; `reloaded`: it is over; `replaced`: how many processes
 * - `scale`: the number of workers is changed
 * - `ready`: all processes are ready for the first time
 * - `exception`: the cluster gave up
 */
export type PastEvent = {
  /** From 1 on, one after the other. */
  id: number;
  /** When it happened, in ms since 1970. */
  time: number;
} & (
  | {
      type: 'exit';
      process: PastProcess;
      code: number | null;
      signal: NodeJS.Signals | null;
      expected: boolean;
      reason: string;
    }
  | {
      type: 'error';
      process: PastProcess;
      phase: 'boot' | 'run';
      fatal: boolean;
      name: string;
      message: string;
      code: string | number | boolean | null;
      stack: string;
    }
  | { type: 'hang'; process: PastProcess; silentFor: number; state: HangEvidence['state'] }
  | { type: 'givenUp'; slot: number }
  | { type: 'reload' }
  | { type: 'reloaded'; ok: boolean; reason: string | null; replaced: number }
  | { type: 'scale'; from: number; to: number }
  | { type: 'ready' }
  | { type: 'exception'; code: string; message: string }
);

/** Where the admin address really is. */
export type AdminAddress = { host: string; port: number } | { path: string };
