'use strict';

// What this project is to reach, compared with the original's stack in the same run.

const { MIB, show } = require('./columns');
const { ORIGINAL, RAW, SUBJECT } = require('./peers');

/** What may still be there 5 s later and counts as given back: the app's own JavaScript heap moves that much. */
const BACK = 8 * MIB;
const GROWTH = 32 * MIB;
const FULL_SPEED = 0.9;

const number = (value) => value.toFixed(2);
const atLeast = (target) => ({ text: `≥ ${target} ×`, holds: (value) => value >= target });
const atMost = (target) => ({ text: `≤ ${target} ×`, holds: (value) => value <= target });

function ratio(what, test, name, target, peer = ORIGINAL) {
  return compared(what, target, (results) => results.ratio(test, name, SUBJECT, peer));
}

/** `request()` beside what users would write themselves on this project. */
function requestsByHand(results) {
  const [own, byHand] = ['requests', 'requests-by-hand'].map((test) => results.median(test, SUBJECT, 'answered'));
  return own === null || byHand === null ? null : own / byHand;
}

function compared(what, { text, holds }, valueOf) {
  return (results) => {
    const value = valueOf(results);
    const measured = value === null ? null : `${number(value)} ×`;
    return { what, target: text, measured, isReached: value !== null && holds(value) };
  };
}

function growth(results) {
  const what = 'growth of the app process in any test, worst round';
  const target = '≤ 32 MB, and back afterwards';
  const tests = results.tests.filter((test) => results.median(test, SUBJECT, 'growth') !== null);
  if (tests.length === 0) return { what, target, measured: null, isReached: false };
  const worst = (name) => {
    const found = tests.map((test) => ({ test, value: results.range(test, SUBJECT, name).most }));
    return found.reduce((most, one) => (one.value > most.value ? one : most));
  };
  const [grown, left] = [worst('growth'), worst('left')];
  const measured = `${show('growth', grown.value)} (${grown.test}), ${show('left', left.value)} left (${left.test})`;
  return { what, target, measured, isReached: grown.value <= GROWTH && left.value <= BACK };
}

/** `measure` gets the range of a value over the rounds. */
function stopped(what, target, measure) {
  return (results) => {
    if (!results.has('stopped', SUBJECT)) return { what, target, measured: null, isReached: false };
    return { what, target, ...measure((name) => results.range('stopped', SUBJECT, name), results) };
  };
}

const rows = [
  ratio('64 B flood, rate', 'flood-64', 'rate', atLeast(3.5)),
  ratio('64 B flood, master CPU per message', 'flood-64', 'cpu', atMost(0.2)),
  ratio('4 KiB flood, rate', 'flood-4k', 'rate', atLeast(2)),
  ratio('4 KiB flood, master CPU per message', 'flood-4k', 'cpu', atMost(0.25)),
  ratio('100 KB flood, rate', 'flood-100k', 'rate', atLeast(2)),
  ratio('100 KB flood, master CPU per message', 'flood-100k', 'cpu', atMost(0.3)),
  ratio('64 B flood by `sendmessage()`, rate, ÷ raw `process.send`', 'flood-sendmessage', 'rate', atLeast(1.8), RAW),
  ratio('`request()` ÷ by hand on the original', 'requests', 'answered', atLeast(1.5)),
  compared('`request()` ÷ by hand on this project', atLeast(0.9), requestsByHand),
  ratio('round trip p99 under load', 'round-trip', 'loaded99', atMost(0.5)),
  growth,
  stopped('stopped worker: the other three', `everything, ≥ ${FULL_SPEED} × the speed without it`, (range, results) => {
    const speed = results.median('stopped', SUBJECT, 'speed');
    const { least } = range('share');
    const measured = least === 1 ? `everything, ${number(speed)} ×` : `${show('share', least)}, then nothing`;
    return { measured, isReached: least === 1 && speed >= FULL_SPEED };
  }),
  stopped('stopped worker: memory', '≤ 32 MB growth', (range) => {
    const { most } = range('growth');
    // Little is held where little was sent.
    const held = range('share').least < 1 ? ', the others held up' : '';
    return { measured: show('growth', most) + held, isReached: held === '' && most <= GROWTH };
  }),
  stopped('stopped worker: what it missed is reported', 'each message', (range) => {
    const { most, least } = range('unreported');
    if (range('share').least < 1) return { measured: 'nothing: the others were held up with it', isReached: false };
    const measured = `${range('missed').most} missed, ${range('reported').most} reported`;
    return { measured, isReached: least === 0 && most === 0 };
  }),
];

/** `[{ what, target, measured (null: not measured), isReached }]` */
const judge = (results) => rows.map((row) => row(results));

module.exports = { judge, BACK };
