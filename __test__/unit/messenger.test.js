'use strict';

const { EventEmitter, once } = require('node:events');
const { Messenger } = require('../../lib/messages/messenger');

/** A messenger whose messages come from `comes` and go to `sent`. */
function open(fields) {
  const channel = new EventEmitter();
  const sent = [];
  const messenger = new Messenger({
    role: 'worker',
    hasAlone: true,
    send: (message) => sent.push(message) < 3,
    listen(receive) {
      channel.on('message', receive);
      return () => channel.off('message', receive);
    },
    ...fields,
  });
  return { messenger, sent, channel, comes: (message) => channel.emit('message', message) };
}

describe('what comes', () => {
  test('is heard by its action, with the whole message', () => {
    const { messenger, comes } = open();
    const heard = [];
    messenger.on('a', (...args) => heard.push(args)).on('b', () => heard.push('b'));
    const message = { action: 'a', from: 'alone', to: 'worker', data: [1] };
    comes(message);
    expect(heard).toEqual([[[1], message, undefined]]);
  });

  test.each([[null], ['text'], [{}], [{ action: 5 }], [{ action: 'error' }], [{ action: 'newListener' }]])(
    '%j that nobody listens to is nothing',
    (message) => {
      const { messenger, comes } = open();
      messenger.on('a', () => {});
      comes(message);
    },
  );

  test("the names of an EventEmitter's own events are actions like any other", () => {
    const { messenger, comes } = open();
    const heard = [];
    for (const action of ['newListener', 'removeListener', 'error']) messenger.on(action, (data) => heard.push(data));
    messenger.once('x', () => {});
    comes({ action: 'x' });
    comes({ action: 'error', data: 1 });
    comes({ action: 'newListener', data: 2 });
    expect(heard).toEqual([1, 2]);
  });

  test("Node's once() works with it", async () => {
    const { messenger, comes } = open();
    const heard = once(messenger, 'a');
    comes({ action: 'a', data: 7 });
    expect((await heard)[0]).toBe(7);
  });
});

test('it listens only while somebody listens to it', () => {
  const { messenger, channel, comes } = open();
  const listeners = () => channel.listenerCount('message');
  const listener = () => {};
  expect(listeners()).toBe(0);
  messenger.on('a', listener).on('b', listener);
  expect(listeners()).toBe(1);
  messenger.off('a', listener);
  expect(listeners()).toBe(1);
  messenger.off('b', listener);
  expect(listeners()).toBe(0);
  messenger.once('a', () => {
    throw new Error('in a listener');
  });
  expect(() => comes({ action: 'a' })).toThrow('in a listener');
  expect(listeners()).toBe(0);
});

test('it says whether to wait before sending more', () => {
  const { messenger } = open();
  expect([messenger.broadcast('a'), messenger.broadcast('a'), messenger.sendToApp('a')]).toEqual([true, false, false]);
});

describe('what cannot be sent is refused', () => {
  test.each([
    ['no action', ['sendToAlone'], 'action'],
    ['an empty action', ['sendRandom', ''], 'action'],
    ['an action that is no text', ['broadcast', 5], 'action'],
    ['no pid', ['sendTo', undefined, 'a'], 'undefined'],
    ['a pid that is none', ['sendTo', '1e3', 'a'], '1e3'],
    ['nobody', ['sendTo', 0, 'a'], '0'],
    ['a pid that no text says', ['sendTo', Symbol('pid'), 'a'], 'Symbol(pid)'],
    ['listening to nothing', ['on', undefined, () => {}], 'action'],
  ])('%s', (_what, [method, ...args], named) => {
    const { messenger, sent } = open();
    expect(() => messenger[method](...args)).toThrow(
      expect.objectContaining({ code: 'ERR_MESSAGE_INVALID', message: expect.stringContaining(named) }),
    );
    expect(sent).toEqual([]);
  });

  test('in a process of no cluster', () => {
    const { messenger } = require('../..');
    for (const method of ['on', 'broadcast']) {
      expect(() => messenger[method]('a', () => {})).toThrow(expect.objectContaining({ code: 'ERR_NO_CLUSTER' }));
    }
  });
});
