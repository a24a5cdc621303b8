// The admin address: health, metrics and statistics over HTTP.

/**
 * Where the cluster can be looked at over HTTP, and by whom. The master answers in its own thread, even while the app's JavaScript is
 * blocked: `/livez` (200: the master is alive), `/readyz` (200: at least `readyWorkers` workers listen, and the cluster is not
 * stopping; else 503, from the very beginning of a stop, before `shutdownDelay`), `/metrics` (Prometheus' text format, or
 * OpenMetrics if `Accept` says so) and `/stats` (as `Cluster.stats()`, as JSON). Exactly one of `port` and `path` is needed.
 */
export interface AdminConfig {
  /** A TCP port; 0: any free port, which {@link Cluster.adminAddress} tells. */
  port?: number;
  /** With `port`: an IP address, or `'localhost'` (127.0.0.1). If it is not a loopback address, other machines can ask: then only
   *  `/livez`, `/readyz` and `/metrics` are answered, unless `page` says otherwise. Default: `'127.0.0.1'`. */
  host?: string;
  /** The path of a unix socket, relative to `cwd`. Its folder's permissions, and the umask, decide who may connect. */
  path?: string;
  /** Whether everything is answered to other machines, too. Default: `false`. */
  page?: boolean;
  /** How many workers must be ready for `/readyz`, at most `count` (in development there is one). Default: 1. */
  readyWorkers?: number;
  /** The names that a `Host` header may have, besides IP addresses and `localhost`: any other name could be that of a web page whose
   *  name was pointed at this address (DNS rebinding), and is refused with 403. `/livez` and `/readyz` answer to any name.
   *  Default: none. */
  allowedHosts?: string[];
}

/** Where the admin address really is. */
export type AdminAddress = { host: string; port: number } | { path: string };
