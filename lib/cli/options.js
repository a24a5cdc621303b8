'use strict';

// The options of the command line: each sets a field of the cluster's configuration, as the table of the fields says, unless it
// stands here. What a value may be is checked with the configuration; here only what a text cannot be turned into.

const { SECTIONS } = require('../config/fields');

/** What was typed is wrong: exit code 2. */
class UsageError extends Error {}

/** a, b or c */
const alternatives = (words) => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

function oneOf(words) {
  return (text, option) => {
    if (!words.includes(text)) throw new UsageError(`${option} takes ${alternatives(words)}, but got '${text}'.`);
    return text;
  };
}

/** Some numbers may be a word as well. */
function numberOr(words = []) {
  return (text, option) => {
    if (words.includes(text)) return text;
    if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`${option} takes a number, but got '${text}'.`);
    return Number(text);
  };
}

/** KEY=VALUE; the value may hold a '='. */
function variable(text, option) {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${option} takes KEY=VALUE, but got '${text}'.`);
  return { [text.slice(0, at)]: text.slice(at + 1) };
}

/** Several of them are one array. */
const append = (value, before) => [...(before ?? []), value];

const merge = (value, before) => ({ ...before, ...value });

/** A port, an address with a port, or a path. */
function address(text, option) {
  const [, host, port] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  if (port !== undefined) return { port: Number(port), ...(host && { host: host.replace(/^\[(.*)\]$/, '$1') }) };
  if (text.includes('/')) return { path: text };
  throw new UsageError(`${option} takes a port, host:port or the path of a socket, but got '${text}'.`);
}

/** One server of the fleet. Every user of the machine can see a command line. */
function server(text, option) {
  if (!text.includes('@')) return { servers: [text] };
  const remedy = 'Others can see a command line: put it into `fleet.credentials` of the configuration, in a file.';
  throw new UsageError(`${option} takes a URL without a user and a password. ${remedy}`);
}

/** One of several options that make up `output`. */
const part = (name, read = (text) => text) => ({
  read: (text, option) => ({ [name]: read(text, option) }),
  join: merge,
  of: `output.${name}`,
});

/** A number of bytes, or a text such as 512M. */
const size = (text) => (/^\d+$/.test(text) ? Number(text) : text);

/** How a field's text is read that is neither a number nor a word nor just a text, and how several of them come together. */
const READ = {
  admin: { read: address },
  env: { read: variable, join: merge },
  fleet: { read: server, join: (value, before) => ({ servers: [...(before?.servers ?? []), ...value.servers] }) },
  listenFds: { read: numberOr(), join: append },
  maxMemory: { read: size },
  'output-file': part('file'),
  'output-max-size': part('maxSize', size),
  'output-keep': part('keep', numberOr()),
  watch: { join: append, hint: ' In development (--dev) the app is watched without it.' },
  'ready-port': {
    read: (text, option) => [numberOr()(text, option)],
    join: (value, before) => ({ port: [...(before?.port ?? []), ...value] }),
  },
};

const dashed = (field) => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** An option from what the table says of the field, and of this flag. */
function optionOf(field, kind, { words = kind.words, name, is, value, help, usual }) {
  if (is !== undefined) return { name: name ?? `no-${dashed(field)}`, field, is, help };
  const ofKind = kind.number
    ? { value: [kind.number, ...(words ?? [])].join('|'), read: numberOr(words) }
    : words && { value: words.join('|'), read: oneOf(words) };
  return {
    name: name ?? dashed(field),
    field,
    ...(value ? { value } : ofKind),
    ...(READ[name] ?? READ[field]),
    help,
    usual,
  };
}

function optionsOf([group, fields]) {
  const options = Object.entries(fields).flatMap(([field, kind]) =>
    (kind.flags ?? []).map((flag) => optionOf(field, kind, flag)),
  );
  return options.length > 0 ? [{ group }, ...options] : [];
}

/**
 * - `value`: how the help calls the option's value; without it the option has none, and sets `is`
 * - `read`: the value from its text; `join`: how it comes together with what the field has
 */
const OPTIONS = [
  ...Object.entries(SECTIONS).flatMap(optionsOf),
  { group: 'Node.js' },
  { name: 'require', short: 'r', node: true, value: 'module', help: "node's own, for alone and workers; repeatable" },
  { name: 'import', node: true, value: 'module', help: "node's own, for alone and workers; repeatable" },
  { name: 'exec-argv', node: 'plain', value: 'flag', help: 'any flag: --exec-argv=--expose-gc; repeatable' },
  { group: 'Command' },
  { name: 'config', ask: 'configFile', value: 'file', help: "configuration, or PM2's (usual: cluster.config.js)" },
  { name: 'no-config', ask: 'configFile', is: false, help: 'look for no configuration' },
  { name: 'quiet', short: 'q', ask: 'quiet', help: 'show nothing but why it failed' },
  { name: 'only', ask: 'only', value: 'app', help: "of PM2's ecosystem file: the app that is started" },
  { name: 'help', short: 'h', ask: 'help', help: 'show this help' },
  { name: 'version', short: 'v', ask: 'version', help: 'show the version' },
];

/** `--env production`, without a '=': of PM2's ecosystem file `env_production` counts, too. */
const ENVIRONMENT = { name: 'env', ask: 'environment', value: 'name' };

const byName = new Map(OPTIONS.filter(({ name }) => name).map((option) => [option.name, option]));

module.exports = { OPTIONS, ENVIRONMENT, byName, UsageError };
