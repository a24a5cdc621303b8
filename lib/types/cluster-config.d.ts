// What startCluster() and createCluster() are given.

/** The configuration. Only `exec` is required. An unknown field is a process warning with code `CLUSTER_UNKNOWN_OPTION`;
 *  a wrong value is a {@link ClusterError} with code `ERR_CONFIG_INVALID` that names the field and what is allowed. */
export interface ClusterConfig {
  /** `false`: `exec` is loaded in this process and nothing else is started. Default: `true`. */
  enable?: boolean;
  /**
   * The script that each worker runs; relative to `cwd`. An extension .js, .cjs, .mjs, .ts, .cts or .mts may be left out (looked
   * for in this order), and a folder stands for its `index`. ES modules may have a top-level await.
   *
   * TypeScript is loaded by what the children's flags have (`execArgv`, `NODE_OPTIONS`; tsx, ts-node and other known loaders);
   * else by Node itself where it strips types (22.18, 23.6 or later, not .tsx); else by tsx, @swc-node/register or ts-node, the
   * first one that is found from `cwd` or from the script's folder, without type checks. `ERR_CONFIG_INVALID` if there is none.
   */
  exec: string;
  /**
   * What the alone runs, relative to `cwd`. A folder: each .js, .cjs, .mjs, .ts, .cts and .mts file in it (not .d.ts and the
   * like, not dotfiles, not those of its subfolders) is loaded in the order of their names, and its default export called with `aloneConfig`; a
   * file that exports no function fails the start. A script: it is loaded, and a function that it exports is called the same
   * way. The alone is ready when all files are loaded and what the functions returned has resolved.
   *
   * `false`: no alone. Default: `src/alone` in development, `build/alone` or `dist/alone` in production, if such a folder
   * with scripts exists. TypeScript is loaded as that of `exec` is.
   */
  alone?: string | false;
  /** How many workers: an integer from 1 to 1000, or `'auto'` for as many as the CPUs that this process may use (affinity and
   *  cgroup respected). Default: 4. In development there is always 1. */
  count?: number | 'auto';
  /** How long a slot whose worker died is forked again without success before it is given up for the time being, in
   *  **seconds**, above 0. Default: 60. */
  limit?: number;
  /** Laid over `process.env` for the alone and the workers; `undefined` as a value removes the variable. The master itself
   *  sets `NODE_APP_INSTANCE` for each worker (see `instanceVar`) and Node's channel variables. */
  env?: Record<string, string | number | boolean | undefined>;
  /** The variable in which a worker finds its number (its slot − 1; PM2's `instance_var`); `false`: none. If `env` has this
   *  variable, that holds. Default: `'NODE_APP_INSTANCE'`; none where `NODE_CONFIG_STRICT_MODE` is set in the children's
   *  environment: there the npm package `config` takes the number for the name of a file that must exist. */
  instanceVar?: string | false;
  /** The cluster's name, which `ps` shows as `<title>:worker:<slot>` and `<title>:alone`. Default: `yunfly-` and the name in the
   *  nearest package.json, looked for from `cwd` upwards. Control characters, such as line breaks, are `ERR_CONFIG_INVALID`. */
  title?: string;
  /** Whether a worker that died is replaced. Default: `true` in production. In development it is always `false`: `true` is a
   *  process warning with code `CLUSTER_OPTION_IGNORED`. */
  refork?: boolean;
  /**
   * In development, the files and folders whose changes start the worker again; relative to `cwd`. `true`: `src` and the folder
   * of `exec`; where there is a `src` not the whole of `cwd`. `exec` and `alone` are always watched with them; a change of `alone`, or in it, starts the
   * alone again, and only that. Not looked at: what git ignores, `node_modules`, hidden files (but `.env…`), editors' own files, logs and
   * databases (`.log`, `.pid`, `.db`, `.sqlite`), and where this process's stdout and stderr go.
   * `false`: no change counts, and a process that fails at the start fails it. In production it has no effect: a process warning
   * with code `CLUSTER_OPTION_IGNORED`. Default: `true`.
   */
  watch?: boolean | string | readonly string[];
  /** In development, how long to wait after the last change of a file before the worker is started again, in ms. Default: 500. */
  reloadDelay?: number;
  /** Default: `'production'` if `NODE_ENV` is exactly `production`, else `'development'`; where `NODE_ENV` is not set, one line
   *  on stderr says so. */
  mode?: 'production' | 'development';
  /** The workers' arguments, `process.argv` from index 2. Default: none. */
  args?: readonly string[];
  /** Flags for the `node` of the alone and of the workers. Default: those of this process (`process.execArgv`). With
   *  `--inspect[-brk][=[host:]port]` here or in `NODE_OPTIONS` each child has an inspector port of its own: the alone that port
   *  (default 9229) + 1, the worker of slot n that port + 1 + n, also after it was replaced; port 0: any. While an old process
   *  still has it (a reload in production), and for one that stands by: any. The flags of a TypeScript loader that is found by
   *  itself (see `exec`) come before these. */
  execArgv?: readonly string[];
  /** The working folder of the alone and of the workers. Default: that of this process, in production as `PWD` names it: a link in
   *  it (`/srv/app/current`) is followed anew for each process, so that what is started later runs the release it leads to. */
  cwd?: string;
  /** What the alone's functions are called with, as JSON of at most 96 KiB. Default: this configuration. */
  aloneConfig?: unknown;
  /** When a worker counts as ready: `'listening'`: its first server listens; `'online'`: it runs; `'message'`: it called
   *  `process.send('ready')`. Default: `'listening'`. */
  ready?: 'listening' | 'online' | 'message';
  /**
   * Where the worker that is chosen at random hears of it (`random-worker` and `random-select-worker`), and what
   * `cluster.randomWorker()` sends. Default: `'worker'`.
   *
   * - `'worker'`: only at the `message` listeners of `cluster.worker`. Of what comes before there is one the newest 16 messages wait
   *   for it.
   * - `'process'`: at those of `process` as well, as a message like any other. A listener there that ends its process because it
   *   doesn't know the message ends the worker. What comes before there is a listener is lost, as with `node:cluster`.
   * - `false`: the cluster chooses none by itself. `cluster.randomWorker()` works as with `'worker'`.
   *
   * When the chosen worker has left in good order the next one is chosen as soon as it has exited. When it crashed, hung or was
   * killed, the next one is chosen 10 s later, in production, and it is one that has stayed for `minUptime`.
   */
  randomWorker?: 'worker' | 'process' | false;
  /**
   * Which worker gets a connection. A server with `maxConnections` never resets one that the master gives out: it goes to a
   * worker that has room, or waits for one. Default: `'auto'`.
   *
   * - `'auto'`: the master gives each connection to the worker that has the fewest and whose event loop turns. While over 1,000
   *   short ones come per second the workers accept by themselves, which costs less. Linux, TCP; elsewhere and where the kernel
   *   refuses it: the next best, said once in the log.
   * - `'round-robin'`: the master gives out each connection, always, to the worker that has the fewest (Node's `SCHED_RR`).
   * - `'shared'`: the workers accept by themselves, always (Node's `SCHED_NONE`). The cheapest; the kernel's choice is uneven.
   * - `'sticky'`: by the client's address: a client comes back to its worker, also when other workers die. Behind a proxy every
   *   client has the proxy's address.
   *
   * UDP, `exclusive` and `reusePort` are left to the kernel with each of them.
   */
  balance?: 'auto' | 'round-robin' | 'shared' | 'sticky';
  /** Descriptors of this process (sockets that it was started with, or opened) that workers may name in `listen({ fd })`. What they
   *  are is held from the start on. Those that systemd passed (`LISTEN_FDS`) need not be named; all others are refused with EACCES,
   *  or a worker could serve any socket of the app's. Default: none. */
  listenFds?: readonly number[];
  /** How many workers stand by, 0 to 1000: booted up to their first `listen`, which is answered only when a slot needs them
   *  (a worker died, `scale()`, `reload()`). Each costs the memory of a worker, and what the app does before `listen` runs in
   *  it; `NODE_APP_INSTANCE` (`instanceVar`) is set only when it has a slot. Needs `ready: 'listening'`. Default: 0; in development always 0. */
  standby?: number;
  /** Where Node keeps what V8 compiled (`NODE_COMPILE_CACHE`), so that workers boot faster. `true`: below `CACHE_DIRECTORY`,
   *  `XDG_CACHE_HOME`, `~/.cache` or `TMPDIR`, the first where nobody but the user and root can write, else nowhere; a path (relative to
   *  the app's working folder): there; `false`: the environment is left as it is.
   *  Without effect before Node 22.1. Default: `true` in production unless `NODE_COMPILE_CACHE` or
   *  `NODE_DISABLE_COMPILE_CACHE` is set, `false` in development. */
  compileCache?: boolean | string;
  /** How long the alone and a worker may take to become ready, in ms. Default: 60000. */
  startTimeout?: number;
  /** How long a process that was asked to finish may take, in ms; then it gets SIGKILL. Default: 25000, in development 5000. */
  killTimeout?: number;
  /** How long a worker may take to finish its other requests after an exception that nobody caught, in ms; within it ends with exit
   *  code 1. Its replacement is forked at once. Default: 2000. */
  crashTimeout?: number;
  /** How long event streams (SSE) and upgraded sockets (WebSocket) may stay open once their process is to end, in ms. Then they are
   *  closed in good order, WebSockets of the npm package `ws` with a close frame (1001). Plain TCP connections (`net`, `tls`) on which
   *  nothing was sent for so long are closed as well. All other responses, long downloads too, have `killTimeout`. Default: 5000,
   *  but no more than half of `killTimeout`. */
  streamTimeout?: number;
  /** Whose listeners in alone and workers are the app's own way to end. When such a process is to end (reload, scale, shutdown,
   *  `disconnect()`, `maxMemory`, …) they are called as for the signal, once its requests are answered; how and when the process ends
   *  is theirs, within `killTimeout`. Default: SIGTERM, or SIGINT where only that has listeners; `false`: they are never called. */
  stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | false;
  /** Whether signals to this process act on the cluster: SIGTERM, SIGINT and SIGQUIT end it, then this process exits; SIGHUP reloads. `false`:
   *  signals, and when this process exits, are the app's own affair: it calls `close()` and `reload()` itself. Nor does it exit when
   *  the cluster fails for good (event `exception`); `process.exitCode` is 1 then. If it ends without `close()`, the children
   *  finish what they have and end. Default: `true`. */
  handleSignals?: boolean;
  /** How long the cluster goes on as before after a signal to the app, in ms, before the workers finish: for load balancers
   *  that learn late that the app ends. Default: 0. */
  shutdownDelay?: number;
  /** How long a new worker must stay up to count as recovered, in ms. Default: 1000. */
  minUptime?: number;
  /** How long a worker's event loop may stand still, in ms, from 1000; `false`: for ever. A worker that is silent longer is a
   *  hung one: event `hang`, SIGTERM, a replacement at once, SIGKILL after `killTimeout`. While an inspector is open in it
   *  (`--inspect`), it is never taken for hung, nor killed for starting or finishing slowly. Default: `false`. */
  hangTimeout?: number | false;
  /** How much memory (resident set) a worker may hold, in bytes or as `'512M'`, `'1.5G'` (1024-based), from 16 MiB; `false`:
   *  any. Looked at every 5 s, from outside. A worker over it works on until its successor is ready, then it finishes; one
   *  worker at a time, each at a slightly different size (up to a tenth below), so that they never go together. A successor
   *  that fails changes nothing; the next one is tried a minute later. Linux only. Default: `false`. */
  maxMemory?: number | string | false;
  /** The largest message, in bytes of JSON, from 1 KiB to 512 MiB. A larger one is not delivered. Where the app
   *  sends it that is thrown; a child that sends it gets a process warning (`request()`: a rejection), and the app the event
   *  `protocolError`, all with code `ERR_MESSAGE_TOO_LARGE`. Default: 64 MiB. */
  maxMessageBytes?: number;
  /** How messages and requests travel (Node's `serialization` of child_process). `'json'`: what JSON cannot hold is lost or
   *  refused. `'advanced'`: by the structured clone algorithm, so that Map, Set, Date, BigInt, Buffer, typed arrays, Error,
   *  undefined and circular data arrive as they were sent; a third larger, and slower to write and to read.
   *  `randomWorker` sends JSON in both. Default: `'json'`. */
  serialization?: 'json' | 'advanced';
  /**
   * Where the alone and the workers write to. Default: `'inherit'`.
   *
   * - `'inherit'`: to the stdout and stderr of this process, by themselves.
   * - `'prefix'`: the same, but through this process, which writes the process's name (`worker 1`, `alone`; `standby` for one that
   *   stands by) before each line. Lines of different processes never mix; lines that begin with white space or a closing bracket, such as those of a
   *   stack, stay together with the one before them. A line longer than 1 MiB is divided. Coloured if it goes to a terminal, or as
   *   `FORCE_COLOR`, `NO_COLOR` and `NODE_DISABLE_COLORS` say (as in Node). If stdout and stderr are terminals and none of these
   *   is set, the children get `FORCE_COLOR`, so that they colour their output as they would on the terminal.
   * - `'pipe'`: nowhere; it is the event `output`. If nobody listens to it: a process warning with code `CLUSTER_OUTPUT_UNHEARD`.
   *
   * With the latter two this process reads the output: while its event loop is blocked children that write much wait in their
   * writes.
   */
  output?: 'inherit' | 'prefix' | 'pipe';
  /** Where the cluster's own log goes, that of the master included: pino, console, winston or the like. What it gets is set by
   *  the environment variable `YUNFLY_LOG` (`error`, `warn`, `info`, `debug`; default: `info`). Default: stderr, from `warn`
   *  on. The children's output never goes there. */
  logger?: ClusterLogger;
}

/**
 * What `logger` must have. pino (also a child of it, and Fastify's) is called as `logger.warn({ cluster: title, ...fields },
 * message)`, every other one with one text: `logger.warn('title: message field=value')`. If a call throws, or its promise
 * rejects, the line goes to stderr, with the reason as `loggerError`.
 */
export interface ClusterLogger {
  /** Something went wrong for good. */
  error(...args: any[]): unknown;
  /** Something is not as it should be, and the cluster goes on. */
  warn(...args: any[]): unknown;
  /** What the cluster does. */
  info(...args: any[]): unknown;
  /** Details for those who look for a fault. */
  debug(...args: any[]): unknown;
}
