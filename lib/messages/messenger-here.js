'use strict';

// The messenger of this process, whatever it is: the same object all the time, to be imported before there is a cluster.

const { here } = require('./here');

const METHODS = [
  'broadcast',
  'sendTo',
  'sendRandom',
  'sendToWorkers',
  'sendToAlone',
  'sendToApp',
  'on',
  'once',
  'off',
  'removeListener',
];

const messenger = Object.fromEntries(METHODS.map((name) => [name, (...args) => here('messenger')[name](...args)]));

module.exports = { messenger };
