'use strict';

// What profile() may be given, and the name of the file where none is.

const path = require('path');
const { ClusterError } = require('../errors');
const { shown } = require('./check');

/** How each kind's file ends: by that Chrome's DevTools know what it is. */
const ENDINGS = { cpu: 'cpuprofile', heap: 'heapsnapshot', heapSampling: 'heapprofile', report: 'json' };

const USUAL_MS = 10_000;
/** Its samples are in the memory of the process (crates/admin/src/order.rs). */
const LONGEST_MS = 600_000;

const isBoolean = { allowed: 'true or false', accepts: (value) => typeof value === 'boolean' };
const OPTIONS = {
  kind: {
    required: true,
    allowed: "'cpu', 'heap', 'heapSampling' or 'report'",
    accepts: (value) => typeof value === 'string' && Object.hasOwn(ENDINGS, value),
  },
  duration: {
    allowed: `a number of milliseconds from 1 to ${LONGEST_MS}`,
    accepts: (value) => Number.isInteger(value) && value >= 1 && value <= LONGEST_MS,
  },
  file: {
    allowed: 'a path',
    accepts: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
  },
  inPlace: isBoolean,
  signal: { allowed: 'an AbortSignal', accepts: isAbortSignal },
};

/** Much as Node does (validateAbortSignal): one of another realm is one, too. Some streams also have `aborted`. */
function isAbortSignal(value) {
  return (
    value !== null && typeof value === 'object' && 'aborted' in value && typeof value.addEventListener === 'function'
  );
}

/** Throws for what is wrong. */
function checkProfile(options) {
  if (options === null || typeof options !== 'object') {
    throw invalid(`its options must be an object with a \`kind\`, but are ${shown(options)}.`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw invalid(`\`${name}\` is not an option. The options are: ${Object.keys(OPTIONS).join(', ')}.`);
    }
  }
  for (const [name, { required, allowed, accepts }] of Object.entries(OPTIONS)) {
    const value = options[name];
    if (value === undefined ? required : !accepts(value)) {
      throw invalid(`\`${name}\` must be ${allowed}, but is ${shown(value)}.`);
    }
  }
}

/** As the master takes it. `whose`: `{ title, slot, pid }` of the process. */
function profileOrder({ kind, duration = USUAL_MS, file, inPlace = false }, whose) {
  return { kind, duration, file: path.resolve(file ?? fileName(kind, whose)), inPlace };
}

/** shop-worker-1-4711-20261126-212000417.cpuprofile */
function fileName(kind, { title, slot, pid }) {
  const [day, time] = new Date().toISOString().split('T');
  const at = `${day.replaceAll('-', '')}-${time.replace(/[^0-9]/g, '')}`;
  const place = slot === 'alone' ? slot : `worker-${slot ?? 'standby'}`;
  return `${title.replace(/[^\p{L}\p{N}._-]/gu, '_')}-${place}-${pid}-${at}.${ENDINGS[kind]}`;
}

function invalid(message) {
  return new ClusterError('ERR_PROFILE_INVALID', `profile(): ${message}`);
}

module.exports = { checkProfile, profileOrder, LONGEST_MS };
