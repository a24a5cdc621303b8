'use strict';

// What a primary may have beyond Node: `configure({ … })`, or the same by environment variables.

const { ClusterError } = require('../errors');
const { invalid } = require('../config/check');
const { FIELDS } = require('../config/fields');
const { isObject, yesOrNo } = require('../config/kinds');

const number = (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const yes = (text) => ({ 1: true, true: true, 0: false, false: false })[text] ?? text;

/** Each with its variable, and how that is read. All but `drain` are fields of the cluster's configuration. */
const OPTIONS = {
  balance: { ...FIELDS.balance, default: undefined, variable: 'YUNFLY_BALANCE', read: String },
  drain: { ...yesOrNo, default: false, variable: 'YUNFLY_DRAIN', read: yes },
  hangTimeout: { ...FIELDS.hangTimeout, variable: 'YUNFLY_HANG_TIMEOUT', read: number },
  killTimeout: { ...FIELDS.killTimeout, default: 25_000, variable: 'YUNFLY_KILL_TIMEOUT', read: number },
  maxMemory: { ...FIELDS.maxMemory, variable: 'YUNFLY_MAX_MEMORY', read: number },
};

let given = {};
let taken = false;

/** Before the first fork. */
function configure(options) {
  if (!isObject(options)) {
    throw new ClusterError('ERR_CONFIG_INVALID', `configure(): its argument must be an object with any of ${names()}.`);
  }
  if (taken) throw new ClusterError('ERR_ALREADY_STARTED', 'configure(): call it before the first cluster.fork().');
  for (const [name, value] of Object.entries(options)) check(name, value, `configure({ ${name} })`);
  given = { ...given, ...options };
}

function check(name, value, where) {
  const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (!option) throw new ClusterError('ERR_CONFIG_INVALID', `${where}: there is no such option. There are ${names()}.`);
  if (value === undefined || option.accepts(value)) return;
  throw invalid(name, value, option.allowed, `It comes from ${where}.`);
}

const names = () => Object.keys(OPTIONS).join(', ');

/** What was given, what the environment says, or the default. */
function options() {
  taken = true;
  return Object.fromEntries(Object.entries(OPTIONS).map(([name, option]) => [name, settled(name, option)]));
}

function settled(name, { variable, read, default: usual, as = (value) => value }) {
  const text = process.env[variable];
  let value = given[name];
  if (value === undefined && text) {
    value = read(text);
    check(name, value, variable);
  }
  return as(value ?? usual);
}

module.exports = { configure, options };
