'use strict';

// The inspector's port of each child. With the flags as they are every child would want the app's own.

/** Each may have an address: `--inspect=9300`, `--inspect=127.0.0.1:9300`, `--inspect=[::1]:9300`, `--inspect-brk=0`. */
const FLAG = /^--(inspect|inspect-brk|inspect-wait|inspect-port|debug-port)(?:=(.*))?$/;
const OPENS = new Set(['inspect', 'inspect-brk', 'inspect-wait']);
const WAITS = new Set(['inspect-brk', 'inspect-wait']);
/** These are nothing without an address, which may also be the next word. */
const TAKES_ADDRESS = new Set(['inspect-port', 'debug-port']);
const DEFAULT_PORT = 9229;

/** `[::1]:9300`, `host:9300`, `9300` or `host`, as Node reads it (SplitHostPort in src/node_options.cc). */
function parse(address) {
  const [, host = '', port] = /^(?:(\[[^\]]*\]|[^:]*):)?(\d+)$/.exec(address) ?? [null, address];
  return { host, port: port === undefined ? undefined : Number(port) };
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
    if (address !== undefined) Object.assign(found, parse(address));
  }
  return found;
}

/**
 * What becomes of the children's flags. `flags`: theirs, `nodeOptions`: NODE_OPTIONS of their environment.
 *
 * @returns `flags` without addresses; with an inspector `host` ('' is Node's default) and `port`, that of the app, after which
 * the children's follow; `port` 0: any; `waits`: a child runs nothing before a debugger is there
 */
function inspectorPorts(flags, nodeOptions = '') {
  const fromOptions = read(String(nodeOptions).split(/\s+/).filter(Boolean));
  const own = read(flags);
  if (!own.opens && !fromOptions.opens) return { flags };
  // The command line comes after NODE_OPTIONS, and wins.
  const { host = '', port = DEFAULT_PORT } = { ...fromOptions, ...own };
  return { flags: own.rest, host, port, waits: own.waits || fromOptions.waits };
}

module.exports = { inspectorPorts };
