'use strict';

// The inspector's port of each child. With the flags as they are every child would want the app's own.

const { ClusterError } = require('../errors');
const { optionWords, ownFlags } = require('./flags');

/** Each may have an address: `--inspect=9300`, `--inspect=127.0.0.1:9300`, `--inspect=[::1]:9300`, `--inspect-brk=0`. */
const FLAG = /^--(inspect|inspect-brk|inspect-wait|inspect-port|debug-port)(?:=(.*))?$/;
const OPENS = new Set(['inspect', 'inspect-brk', 'inspect-wait']);
const WAITS = new Set(['inspect-brk', 'inspect-wait']);
/** These are nothing without an address, which may also be the next word. */
const TAKES_ADDRESS = new Set(['inspect-port', 'debug-port']);
const DEFAULT_PORT = 9229;
const LEAST_PORT = 1024;
const MOST_PORT = 65_535;

/**
 * `[::1]:9300`, `::1:9300`, `host:9300`, `:9300`, `9300`, `host` or `[::1]`, as Node reads it (SplitHostPort in
 * src/node_options.cc). Node 20 and later take a port that is no number for any: it is refused here, as Node 18 does.
 */
function parse(address, flag) {
  if (/^\[.*\]$/.test(address)) return { host: address, port: DEFAULT_PORT };
  const colon = address.lastIndexOf(':');
  if (colon === -1 && /\D/.test(address)) return { host: address, port: DEFAULT_PORT };
  return { host: address.slice(0, Math.max(colon, 0)), port: portOf(address.slice(colon + 1), flag) };
}

function portOf(text, flag) {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port === 0 || (port >= LEAST_PORT && port <= MOST_PORT)) return port;
  const remedy = `Write --${flag}=9229, --${flag}=localhost:9229 or --${flag}=[::1]:9229. It may stand in NODE_OPTIONS, the flags of the app, or execArgv.`;
  const message = `the port of --${flag} must be 0 (any) or from ${LEAST_PORT} to ${MOST_PORT}, but is '${text}'. ${remedy}`;
  throw new ClusterError('ERR_CONFIG_INVALID', `cluster config: ${message}`);
}

/** Reads the words: what is asked of the inspector, and the words without it being said where it listens. */
function read(words) {
  const found = { opens: false, waits: false, rest: [] };
  for (let at = 0; at < words.length; at++) {
    const [, name, value] = FLAG.exec(words[at]) ?? [];
    if (name === undefined) {
      found.rest.push(words[at]);
      continue;
    }
    if (OPENS.has(name)) {
      found.opens = true;
      found.waits ||= WAITS.has(name);
      found.rest.push(`--${name}`);
    }
    const address = value ?? (TAKES_ADDRESS.has(name) ? words[++at] : undefined);
    if (address !== undefined) setAddress(found, parse(address, name));
  }
  return found;
}

/** As Node does it: the later port wins, even if it is that of a host without one; the host stays where only a port comes. */
function setAddress(found, { host, port }) {
  if (host !== '') found.host = host;
  found.port = port;
}

/**
 * What becomes of the children's flags. `flags`: theirs, `nodeOptions`: NODE_OPTIONS of their environment.
 *
 * @returns `flags` without addresses; with an inspector `host` ('' is Node's default) and `port`, that of the app, after which
 * the children's follow; `port` 0: any; `waits`: a child runs nothing before a debugger is there
 */
function inspectorPorts(flags, nodeOptions) {
  const fromOptions = read(optionWords(nodeOptions));
  const own = read(flags);
  if (!own.opens && !fromOptions.opens) return { flags };
  // The command line comes after NODE_OPTIONS, and wins.
  const { host = '', port = DEFAULT_PORT } = { ...fromOptions, ...own };
  return { flags: own.rest, host, port, waits: own.waits || fromOptions.waits };
}

/** Throws for an address that is none. `launch`: `execArgv` and `env` of the configuration. */
function checkInspector({ execArgv = ownFlags(), env }) {
  inspectorPorts(execArgv, { ...process.env, ...env }.NODE_OPTIONS);
}

module.exports = { inspectorPorts, checkInspector };
