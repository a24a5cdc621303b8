// What startCluster() and createCluster() are given.

import { AdminConfig } from './admin';
import { FleetConfig } from './fleet';
import { OutputFiles } from './output';

/** The configuration. Only `exec` is required. An unknown field causes a process warning with code `CLUSTER_UNKNOWN_OPTION`; an
 *  invalid value throws a {@link ClusterError} with code `ERR_CONFIG_INVALID` that names the field and what is allowed. */
export interface ClusterConfig {
  /** `false`: load `exec` in this process and start nothing else. Default: `true`. */
  enable?: boolean;
  /**
   * The script that each worker runs, relative to `cwd`. You may leave out the extension (.js, .cjs, .mjs, .ts, .cts and .mts are
   * tried in this order); a folder stands for its `index`. ES modules may have a top-level await.
   *
   * TypeScript is loaded by the loader in the children's flags (`execArgv`, `NODE_OPTIONS`; tsx, ts-node and other known
   * loaders); else by Node itself if it strips types (22.18, 23.6 or later, not .tsx); else by tsx, @swc-node/register or
   * ts-node, whichever is found first from `cwd` or the script's folder, without type checks. If there is none:
   * `ERR_CONFIG_INVALID`.
   */
  exec: string;
  /**
   * The scripts of the alone, relative to `cwd`. For a folder, the alone loads each .js, .cjs, .mjs, .ts, .cts and .mts file in
   * it and its subfolders (no .d.ts files, tests, dotfiles or `node_modules`, and no .ts file beside its .js file), in order of
   * their names, and calls its default export with `aloneConfig`; if a file of the folder itself exports no function, the start fails. A
   * script is loaded, and if it exports a function, that is called the same way. The
   * alone is ready when all files are loaded and the promises that the functions returned have resolved.
   *
   * `false`: no alone. Default: `src/alone` in development, `build/alone` or `dist/alone` in production, if such a folder with
   * scripts exists. TypeScript is loaded as for `exec`.
   */
  alone?: string | false;
  /** The number of workers: an integer from 1 to 1000, or `'auto'` for one per CPU that this process may use (respecting affinity
   *  and cgroup limits). Default: 4. In development there is always 1. */
  count?: number | 'auto';
  /** How long to retry a slot whose worker keeps dying before giving it up for the time being, in **seconds**, above 0. Default:
   *  60. */
  limit?: number;
  /** How long to restart an alone that does not stay up for `minUptime` before the cluster gives up, in **seconds**, above 0: it
   *  emits `aloneReachLimit` and `exception` (`ERR_ALONE_FAILED`), stops everything, and this process exits with code 1. `false`:
   *  never; then the event `aloneReachLimit` comes after `limit`, and the alone is restarted for as long as it takes. In development
   *  always `false`. Default: `false`. */
  aloneLimit?: number | false;
  /** Merged into `process.env` for the alone and the workers; `undefined` as a value removes the variable. The master sets
   *  `NODE_APP_INSTANCE` for each worker (see `instanceVar`) and Node's channel variables. */
  env?: Record<string, string | number | boolean | undefined>;
  /** The variable in which a worker finds its number (its slot − 1; PM2's `instance_var`); `false`: none. If `env` has this
   *  variable, its value wins. Default: `'NODE_APP_INSTANCE'`; none if `NODE_CONFIG_STRICT_MODE` is set in the children's
   *  environment, because the npm package `config` would then take the number for the name of a file that must exist. */
  instanceVar?: string | false;
  /** The cluster's name, which `ps` shows as `<title>:app`, `<title>:alone` and `<title>:worker:<slot>`. An app process that has a
   *  name of its own (`process.title`) keeps it. Default: `yunfly-` and the name in the
   *  nearest package.json, from `cwd` upwards. Control characters, such as line breaks, are `ERR_CONFIG_INVALID`. */
  title?: string;
  /** Whether to replace workers that die. Default: `true` in production. In development it is always `false`: `true` causes a
   *  process warning with code `CLUSTER_OPTION_IGNORED`. */
  refork?: boolean;
  /**
   * In development, the files and folders whose changes restart the worker, relative to `cwd`. `true`: `src` and the folder of
   * `exec`, but if there is a `src`, not the whole of `cwd`. `exec` and `alone` are always watched too, even in a folder that
   * git ignores; a change of the alone's files restarts only the alone. Never watched: files that git ignores, `node_modules`, hidden files (except `.env…`), editors'
   * temporary files, logs, databases and profiles (`.log`, `.pid`, `.db`, `.sqlite`, `.cpuprofile`), and the files to which this process's
   * stdout and stderr go. `false`: watch nothing; a process that fails at the start then makes the start fail. `[]`: watch nothing either, but a
   * process that failed waits for `reload()`, as it waits for a change otherwise. In production, `watch` has no
   * effect; any value but `false` causes a process warning with code `CLUSTER_OPTION_IGNORED`. Default: `true`.
   */
  watch?: boolean | string | readonly string[];
  /** In development, how long to wait after the last change of a file before the restart, in ms. If files keep changing, it
   *  restarts at the latest 10 × `reloadDelay` after the first change, or 5 s if that is longer. Default: 500. */
  reloadDelay?: number;
  /** Default: `'production'` if `NODE_ENV` is exactly `production`, else `'development'`; if `NODE_ENV` is not set, a line on
   *  stderr says so. */
  mode?: 'production' | 'development';
  /** The workers' arguments, `process.argv` from index 2. Default: none. */
  args?: readonly string[];
  /** Node's flags for the alone and the workers. Default: those of this process (`process.execArgv`). With
   *  `--inspect[-brk][=[host:]port]` here or in `NODE_OPTIONS`, each child has its own inspector port: the alone that port
   *  (default 9229) + 1, the worker of slot n that port + 1 + n, and its replacement the same; with port 0, any free port. While
   *  an old process still has the port (a reload in production), and for a standby worker: any free port. The flags of a
   *  TypeScript loader that the cluster finds itself (see `exec`) come before these. */
  execArgv?: readonly string[];
  /** The working folder of the alone and the workers. Default: that of this process, in production as `PWD` names it: each new
   *  process follows a link in it (`/srv/app/current`) anew, so that it runs the release that the link points to. */
  cwd?: string;
  /** The argument of the alone's functions, at most 96 KiB as JSON. Default: this configuration, without `logger` and `fleet`. */
  aloneConfig?: unknown;
  /**
   * When a worker counts as ready. Default: `'listening'`.
   *
   * - `'listening'`: its first server listens
   * - `{ port }`: its servers listen on this port, or on all of these (1 to 65535, on any interface), whatever else they listen on:
   *   for workers that open a port for metrics first. `{ path }`: on this unix socket, relative to `cwd`
   * - `'online'`: it runs
   * - `'message'`: it called `process.send('ready')`
   */
  ready?: 'listening' | 'online' | 'message' | { port: number | readonly number[] } | { path: string };
  /**
   * Where the randomly chosen worker gets its messages (`random-worker`, `random-select-worker`, and those of
   * `cluster.randomWorker()`). Default: `'worker'`.
   *
   * - `'worker'`: only at the `message` listeners of `cluster.worker`. Until there is one, the newest 16 messages wait for it.
   * - `'process'`: at those of `process` as well, like any other message. If a listener there throws on unknown messages, it
   *   crashes the worker. Messages that arrive before there is a listener are lost, as with `node:cluster`.
   * - `false`: the cluster chooses no worker by itself. `cluster.randomWorker()` works as with `'worker'`.
   *
   * If the chosen worker stops gracefully, the next one is chosen as soon as it has exited. If it crashes, hangs or is killed,
   * the next one is chosen 10 s later (in production), among workers that have been up for `minUptime`.
   */
  randomWorker?: 'worker' | 'process' | false;
  /**
   * Which worker gets a connection. If a server has `maxConnections`, the master gives the connection to a worker that has room,
   * or lets it wait for one; it is never reset. Default: `'auto'`.
   *
   * - `'auto'`: the master gives each connection to the worker with the fewest, never to one whose event loop is blocked. While
   *   more than 1,000 short connections arrive per second, the workers accept on their own, which costs less (Linux, TCP;
   *   elsewhere, or if the kernel refuses it, the next best, logged once).
   * - `'round-robin'`: the master always accepts, and gives each connection to the worker with the fewest, short ones to any worker
   *   that is not busy (Node's `SCHED_RR`).
   * - `'shared'`: the workers always accept on their own (Node's `SCHED_NONE`). The cheapest; the kernel's choice is uneven.
   * - `'sticky'`: by client address: a client always reaches the same worker, even when other workers die. Behind a proxy, every
   *   client has the proxy's address.
   *
   * With all of them, UDP, `exclusive` and `reusePort` are left to the kernel.
   */
  balance?: 'auto' | 'round-robin' | 'shared' | 'sticky';
  /** Descriptors of this process (sockets that it was started with, or opened) that workers may use in `listen({ fd })`. The
   *  sockets are duplicated at the start. Those that systemd passed (`LISTEN_FDS`) need not be listed; all others fail with
   *  EACCES, since otherwise a worker could serve any socket of the app. Default: none. */
  listenFds?: readonly number[];
  /** The number of standby workers, 0 to 1000: booted up to their first `listen`, which is answered only when a slot needs them
   *  (a worker died, `scale()`, `reload()`). Each costs the memory of a worker, and runs everything that the app does before
   *  `listen`; it gets `NODE_APP_INSTANCE` (`instanceVar`) only together with its slot. Not with `ready: 'online'` or `'message'`. Default: 0;
   *  in development always 0. */
  standby?: number;
  /** Where Node keeps V8's compile cache (`NODE_COMPILE_CACHE`), so that workers boot faster. `true`: below `CACHE_DIRECTORY`,
   *  `XDG_CACHE_HOME`, `~/.cache` or `TMPDIR`, in the first one that only the user and root can write to, or nowhere; a path
   *  (relative to the app's working folder): there; `false`: leave the environment as it is. No effect before Node 22.1. Default:
   *  `true` in production unless `NODE_COMPILE_CACHE` or `NODE_DISABLE_COMPILE_CACHE` is set, `false` in development. */
  compileCache?: boolean | string;
  /** How long each process may take to become ready, in ms. One that takes longer stops as at any other end (`yunfly:drain`, the
   *  listeners of `stopSignal`), but gets SIGKILL 1 s later. Default: 60000. */
  startTimeout?: number;
  /** How long a stopping process may take to finish, in ms; then it gets SIGKILL. Default: 25000, in development 5000. */
  killTimeout?: number;
  /** How long a worker may take to finish its other requests after an uncaught exception, in ms; it then exits with code 1. Its
   *  replacement is forked at once. Default: 2000. */
  crashTimeout?: number;
  /** How long event streams (SSE) and upgraded sockets (WebSocket) may stay open while their process stops, in ms. Then they are
   *  closed properly, WebSockets of the npm package `ws` with a close frame (1001). Plain TCP connections (`net`, `tls`) that
   *  have been idle for this long are closed as well. All other responses, including long downloads, have `killTimeout`. Whatever is
   *  set, it is at most half of the time that the process has to stop (`killTimeout`, `crashTimeout`). Default: 5000. */
  streamTimeout?: number;
  /** How long a stopping process may go on once its requests are answered, in ms: its own signal listeners (`stopSignal`), timers and
   *  whatever else keeps it alive. Then it exits. For code that listens for SIGTERM only to clean up, and for jobs that repeat
   *  themselves by timers, as node-schedule's do. `waitUntil` and `afterRequests` come before. Default: `false`, up to `killTimeout`. */
  workTimeout?: number | false;
  /** The signal whose listeners in the alone and the workers are the app's own shutdown code. When such a process stops (reload,
   *  scale, shutdown, `disconnect()`, `maxMemory`, …), they are called as for the signal, once its requests are answered. They
   *  decide when the process exits, within `killTimeout`. Default: SIGTERM, or SIGINT if only that has listeners; `false`: never
   *  call them. */
  stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | false;
  /** What a reload replaces if it is not told: `reload()` without `target`, and SIGHUP. `'all'`: first the alone, then the workers.
   *  Without an alone, always the workers. Default: `'worker'`. */
  reloadTarget?: 'worker' | 'alone' | 'all';
  /** Whether the cluster handles signals to this process: SIGTERM, SIGINT and SIGQUIT close it, after which this process exits;
   *  SIGHUP reloads. `false`: the app handles signals, decides when this process exits, and calls `close()` and `reload()`
   *  itself. This process then doesn't exit when the cluster fails (event `exception`), but `process.exitCode` is 1. If it exits
   *  without `close()`, the children stop gracefully. Default: `true`. */
  handleSignals?: boolean;
  /** How long the cluster keeps serving after a signal to the app, or `close()`, in ms, before the workers drain: for load balancers that
   *  learn late that the app is stopping. While no worker is ready there is no such wait. Default: 0. */
  shutdownDelay?: number;
  /** How long a new worker must stay up to count as recovered, in ms. Default: 1000. */
  minUptime?: number;
  /** How long a worker's event loop may be blocked, in ms, at least 1000; `false`: forever. A worker that is silent for longer is
   *  hung: event `hang`, SIGTERM, a replacement at once, SIGKILL after `killTimeout`. A worker with an open inspector
   *  (`--inspect`) never counts as hung, and is not killed for starting or stopping slowly. Default: `false`. */
  hangTimeout?: number | false;
  /** How much memory (resident set) a worker may use, in bytes or as `'512M'`, `'1.5G'` (1024-based), at least 16 MiB; `false`:
   *  any. Measured every 5 s, from outside. A worker over the limit keeps working until its successor is ready, then drains; one
   *  worker at a time, each at a slightly different limit (up to a tenth lower), so that they are never replaced all at once. If
   *  a successor fails, nothing changes, and the next attempt follows a minute later. Linux only. Default: `false`. */
  maxMemory?: number | string | false;
  /** After how many HTTP requests (HTTP/2 included, upgrades not) a worker is replaced; `false`: never. As with `maxMemory` it keeps
   *  working until its successor is ready, then drains; one worker at a time; if a successor fails, the next attempt follows a minute
   *  later. Each worker has a limit of its own, up to a tenth higher, so that they do not reach it together. Workers tell their
   *  count every 250 ms, so it is a few more under load. Production only. Default: `false`. */
  maxRequests?: number | false;
  /** How long a worker works before it is replaced, in ms, at least 1000; `false`: forever. It is replaced as with `maxRequests`, each
   *  worker at an age of its own, up to a tenth higher. A standby worker's age counts from when it takes a slot. The alone is never
   *  replaced for its age. Production only. Default: `false`. */
  maxAge?: number | false;
  /** The largest message, in bytes of JSON, from 1 KiB to 512 MiB. A larger one is not delivered. If the app sends it, the call
   *  throws; a child that sends it gets a process warning (`request()` rejects), and the app the event `protocolError`, each with
   *  a code for it (`ERR_MESSAGE_TOO_LARGE`, the warning `CLUSTER_MESSAGE_TOO_LARGE`). Default: 64 MiB. */
  maxMessageBytes?: number;
  /** How messages and requests are serialized (Node's `serialization` of child_process). `'json'`: values that JSON cannot hold
   *  are lost or refused. `'advanced'`: by the structured clone algorithm, so that Map, Set, Date, BigInt, Buffer, typed arrays,
   *  Error, undefined and circular data arrive as they were sent; a third larger, and slower to write and read. `randomWorker`
   *  sends JSON in both modes. Default: `'json'`. */
  serialization?: 'json' | 'advanced';
  /**
   * Where the output of the alone and the workers goes. Default: `'inherit'`.
   *
   * - `'inherit'`: directly to the stdout and stderr of this process.
   * - `'prefix'`: the same, but through this process, which writes the name of the process (`worker 1`, `alone`, or `standby`)
   *   before each line. Lines of different processes never mix; lines that begin with white space or a closing bracket, such as
   *   those of a stack trace, stay together with the line before them. A line longer than 1 MiB is split. The names are coloured
   *   on a terminal, or as `FORCE_COLOR`, `NO_COLOR` and `NODE_DISABLE_COLORS` say (as in Node). If stdout and stderr are
   *   terminals and none of these is set, the children get `FORCE_COLOR`, so that they colour their output as they would on the
   *   terminal.
   * - `'pipe'`: to the event `output`. If nobody listens to it, there is a process warning with code `CLUSTER_OUTPUT_UNHEARD`.
   *
   * - an object: to files, written by the master in a thread of its own: see {@link OutputFiles}
   *
   * With `'prefix'` and `'pipe'`, this process reads the output: while its event loop is blocked, children with a lot of output block
   * in their writes.
   */
  output?: 'inherit' | 'prefix' | 'pipe' | OutputFiles;
  /** Health, metrics, statistics and a page to look at, over HTTP: a port of 127.0.0.1, or where and for whom; `false`: nowhere. Default: `false`. */
  admin?: AdminConfig | number | false;
  /** Whether other processes of this user can look at the cluster and tell it what to do: the command (`cluster-native ls`, `reload`,
   *  …), and {@link connectCluster}. On Linux through an abstract socket, without a file; elsewhere through a file in
   *  `$XDG_RUNTIME_DIR` or the temporary folder. Nobody else is answered, nor is another container. If the socket cannot be made, the
   *  log says so at level `debug`, and the cluster starts without it. `false`: there is none. Default: `true`. */
  control?: boolean;
  /** Where the cluster's own log goes, including the master's: pino, console, winston or the like. The environment variable
   *  `YUNFLY_LOG` sets its level (`off`, `error`, `warn`, `info`, `debug`; default: `info`). Default: stderr, from level `warn` on.
   *  `warn`: whatever happens to a process that nobody asked for; `error`: the cluster gives up. The children's output never goes
   *  there. */
  logger?: ClusterLogger;
  /** More than one machine: the other hosts, of which one has the alone, and the NATS servers over which they agree. With `enable: false`
   *  it has no effect (warning `CLUSTER_OPTION_IGNORED`). `false`: this is the only host. Default: `false`. */
  fleet?: FleetConfig | false;
  /** A file, relative to `cwd`, that holds this process's pid from when the cluster is ready until it has ended. It is written at once
   *  as a whole, and removed only if it still holds this pid. If it holds the pid of another process that is alive, `start()` rejects
   *  (`ERR_PID_FILE_IN_USE`). A stale file is overwritten: its process is dead, or (Linux) the process that has this pid now began after
   *  the file was written. systemd and containers need no such file. Default: none. */
  pidFile?: string;
  /** Whether the parent of this process, if it gave it an IPC channel (PM2, `child_process.fork()`), is told by
   *  `process.send('ready')` when the cluster is ready (PM2's `wait_ready`), and its message `'shutdown'` stops the cluster as SIGTERM does
   *  (PM2's `shutdown_with_message`; not with `handleSignals: false`). Without a parent it has no effect. systemd is told without being
   *  asked for. Default: `false`. */
  notifyParent?: boolean;
}

/**
 * The methods that `logger` must have. pino (including child loggers and Fastify's) is called as `logger.warn({ cluster: title,
 * ...fields }, message)`, any other logger with one string: `logger.warn('title: message field=value')`. If a call throws, or its
 * promise rejects, the line goes to stderr, with the reason as `loggerError`.
 */
export interface ClusterLogger {
  /** A failure that the cluster cannot recover from. */
  error(...args: any[]): unknown;
  /** A problem that the cluster can handle. */
  warn(...args: any[]): unknown;
  /** What the cluster does. */
  info(...args: any[]): unknown;
  /** Details for debugging. */
  debug(...args: any[]): unknown;
}
