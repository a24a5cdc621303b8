'use strict';
// Callbacks of messages that wait in the master, as the worker is behind.

const { AsyncLocalStorage } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const { Channel } = require('../../lib/register/channel');

test('each is called in a turn of its own, in the context of its send()', async () => {
  const child = Object.assign(new EventEmitter(), { pid: 1, _handle: {}, kill: () => true });
  const master = { send: () => false, isBehind: () => true };
  const channel = new Channel(1, child, { serialization: 'json', role: 'worker' }, { master, keepAlive: () => {} });
  const storage = new AsyncLocalStorage();
  const called = [];
  for (const name of ['first', 'second']) {
    storage.run(name, () => child.send({}, (error) => called.push([storage.getStore(), error])));
  }
  channel.resumed();
  expect(called).toEqual([]);
  await new Promise(setImmediate);
  expect(called).toEqual([
    ['first', null],
    ['second', null],
  ]);
});
