'use strict';

const { parseArgs } = require('node:util');
const { PEERS } = require('./peers');

/** Of the whole run; a median of 20 saves is what the target asks for. */
const ROUNDS = 4;
const SAVES_PER_ROUND = 5;

function integer(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: an integer of 1 or more is needed`);
  return value;
}

function chosen(text) {
  if (text === undefined) return PEERS;
  const names = text.split(',').map((each) => each.trim());
  const unknown = names.find((each) => !PEERS.some(({ name }) => name === each));
  const known = PEERS.map(({ name }) => name).join(', ');
  if (unknown !== undefined) throw new Error(`--only: there is no '${unknown}'; there are ${known}`);
  return PEERS.filter(({ name }) => names.includes(name));
}

/** `isWhole`: nobody was left out, and nothing made smaller. */
function readOptions(args) {
  const strings = { rounds: { type: 'string' }, saves: { type: 'string' }, only: { type: 'string' } };
  const { values } = parseArgs({ args, options: strings });
  const rounds = integer('rounds', values.rounds ?? ROUNDS);
  const savesPerRound = integer('saves', values.saves ?? SAVES_PER_ROUND);
  const isWhole = values.only === undefined && rounds * savesPerRound >= ROUNDS * SAVES_PER_ROUND;
  return { rounds, savesPerRound, peers: chosen(values.only), isWhole };
}

module.exports = { readOptions };
