'use strict';

// The lines on which users of yunfly's own package watch a cluster: on stdout with the time, or in their `logger`.

const { createColors } = require('picocolors');
const { createLog, readVariable } = require('../output/log');
const { colorDepth, write } = require('../output/terminal');
const { wordsFor } = require('./words');

const LEVELS = ['error', 'warn', 'info'];
const USUAL = 'info';

/** `{ error, warn, info, colors }`: each is called with the name of a text and its facts. */
function openLog({ logger, title }) {
  const { level = USUAL, json } = readVariable(process.env.YUNFLY_LOG);
  const words = wordsFor(process.env);
  const colors = createColors(colorDepth(process.stdout) > 1);
  const tints = { error: colors.red, warn: colors.yellow, info: (text) => text };
  const isOn = (name) => level === 'debug' || LEVELS.indexOf(name) <= LEVELS.indexOf(level);
  const print = (name, text) => isOn(name) && write('stdout', `${tints[name](`[${time(new Date())}] ${text}`)}\n`);
  const log = logger || json ? createLog({ logger, title, usual: USUAL }) : undefined;
  const tell = (name, text) => (log ? log[name](text) : print(name, text));
  const said = LEVELS.map((name) => [name, (text, facts = {}) => void tell(name, words[text](facts))]);
  // A table is for the eye.
  const show = (lines) => void (!log && isOn('info') && write('stdout', `${lines.join('\n')}\n`));
  return { ...Object.fromEntries(said), show, colors };
}

/** 2026-01-31 09:05:00, as the clock on the wall has it. */
function time(date) {
  const two = (number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

module.exports = { openLog, time };
