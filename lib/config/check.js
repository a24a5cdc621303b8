'use strict';

// What a configuration says, held against the table of its fields, apart from what depends on files (paths.js).

const { ClusterError } = require('../errors');
const { FIELDS } = require('./fields');
const { isObject } = require('./kinds');
const { warn } = require('../warn');

const CONTROL = /\p{Cc}/u;

function shown(value) {
  if (typeof value === 'string') return CONTROL.test(value) ? JSON.stringify(value) : `'${value}'`;
  if (typeof value === 'number' || value === undefined) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `a ${typeof value} that JSON cannot hold`;
  }
}

function invalid(field, value, allowed, remedy) {
  return refused(field, shown(value), allowed, remedy);
}

/** `seen`: what is told of the value. */
function refused(field, seen, allowed, remedy) {
  const message = `cluster config: \`${field}\` must be ${allowed}, but is ${seen}.`;
  return new ClusterError('ERR_CONFIG_INVALID', remedy ? `${message} ${remedy}` : message);
}

/** Throws for a wrong value, warns of an unknown field. */
function checkFields(config) {
  if (!isObject(config)) {
    const message = `cluster config: it must be an object with at least \`exec\`, but is ${shown(config)}.`;
    throw new ClusterError('ERR_CONFIG_INVALID', message);
  }
  for (const [field, { accepts, allowed, required, seen = shown }] of Object.entries(FIELDS)) {
    const value = config[field];
    if (value === undefined ? required : !accepts(value)) {
      const remedy = required ? `Set \`${field}\`.` : `Correct it, or leave \`${field}\` out for its default.`;
      throw refused(field, seen(value), allowed, remedy);
    }
  }
  for (const field of Object.keys(config)) {
    if (!Object.hasOwn(FIELDS, field)) warnOfUnknown(field);
  }
}

function warnOfUnknown(field) {
  const near = require('./nearest').nearest(field, Object.keys(FIELDS));
  const hint = near ? `Did you mean \`${near}\`?` : `The fields are: ${Object.keys(FIELDS).join(', ')}.`;
  warn('CLUSTER_UNKNOWN_OPTION', `cluster config: \`${field}\` is not a field and has no effect. ${hint}`);
}

/** Each field as the table has it: what was given or its default, and what becomes of that in this mode. */
function settled(config, mode) {
  return Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, settle(field, config[name], mode)]));
}

function settle({ default: usual, defaults = {}, as = (value) => value }, given, mode) {
  return as(given ?? defaults[mode] ?? usual, mode);
}

module.exports = { checkFields, invalid, refused, settled, shown };
