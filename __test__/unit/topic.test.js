'use strict';
// Topics in one process, without a master: what the endpoint says to it, and makes of what it says.

const { once, publish, subscribe, unsubscribe } = require('../..');
const { codecs } = require('../../lib/messages/serialization');
const { TopicEndpoint } = require('../../lib/messages/topic');
const { LocalTopics } = require('../../lib/messages/topic-local');
const timers = require('../../lib/real-timers');

let sent;
let unreachable;
let lost;
let warnings;
beforeEach(() => {
  [sent, lost, warnings, unreachable] = [[], [], [], undefined];
  jest.spyOn(process, 'emitWarning').mockImplementation((_message, { code }) => warnings.push(code));
});
afterEach(() => jest.restoreAllMocks());

const turn = () => new Promise((resolve) => setImmediate(resolve));

function endpoint(codec = codecs.json) {
  const link = {
    role: 'worker',
    unreachable: () => unreachable,
    send: ({ cmd: _, ...frame }) => sent.push(frame) > 0,
    lose: (...args) => lost.push(args),
  };
  return new TopicEndpoint(link, codec);
}

/** Its master answers at once. */
function subscribed(topics, listener, { topic = 'topic', method = 'subscribe', retained = false } = {}) {
  const end = topics[method](topic, listener);
  topics.receive({ act: 'subscribed', id: sent.at(-1).id, retained });
  return end;
}

const publication = (data, topic = 'topic') => ({ act: 'publish', topic, from: 'alone', pid: 7, data });

test('each listener asks, one subscription is ended', () => {
  const topics = endpoint();
  const ends = [topics.subscribe('topic', () => {}), topics.subscribe('topic', () => {})];
  expect(sent).toEqual([1, 2].map((id) => ({ act: 'subscribe', topic: 'topic', id })));
  ends[0]();
  ends[0]();
  expect(sent).toHaveLength(2);
  ends[1]();
  expect(sent.slice(2)).toEqual([{ act: 'unsubscribe', topic: 'topic' }]);
});

test('a listener hears nothing before its answer, and the retained value alone', () => {
  const topics = endpoint();
  const heard = [];
  const listener =
    (name) =>
    (value, { retained }) =>
      heard.push([name, value, retained]);
  subscribed(topics, listener('first'));
  topics.subscribe('topic', listener('late'));
  topics.receive(publication(1));
  topics.receive({ act: 'subscribed', id: sent.at(-1).id, retained: true });
  topics.receive({ ...publication(1), retain: true });
  topics.receive(publication(2));
  expect(heard).toEqual([
    ['first', 1, false],
    ['late', 1, true],
    ['first', 2, false],
    ['late', 2, false],
  ]);
});

test('who ended before its retained value came gets nothing, nor does anybody else', () => {
  const topics = endpoint();
  const heard = [];
  subscribed(topics, (value) => heard.push(value));
  topics.subscribe('topic', () => heard.push('ended'))();
  topics.receive({ act: 'subscribed', id: sent.at(-1).id, retained: true });
  topics.receive(publication('for the one that ended'));
  topics.receive(publication('for all'));
  expect(heard).toEqual(['for all']);
});

test('what a listener throws is uncaught, and others hear the value; one that is ended meanwhile does not', () => {
  const topics = endpoint();
  const heard = [];
  const later = jest.spyOn(timers, 'nextTick').mockImplementation(() => {});
  subscribed(topics, () => {
    end();
    throw new Error('thrown');
  });
  const end = subscribed(topics, () => heard.push('ended'));
  subscribed(topics, () => heard.push('other'));
  topics.receive(publication(1));
  expect(heard).toEqual(['other']);
  expect(later).toHaveBeenCalledTimes(1);
  expect(later.mock.calls[0][0]).toThrow('thrown');
});

test('once() is over before its listener is called', () => {
  const topics = endpoint();
  const heard = [];
  subscribed(
    topics,
    (value) => {
      heard.push(value);
      topics.receive(publication(2));
    },
    { method: 'once' },
  );
  topics.receive(publication(1));
  expect(heard).toEqual([1]);
  expect(sent.at(-1).act).toBe('unsubscribe');
});

test('a value that cannot be read is warned of', () => {
  const topics = endpoint(codecs.advanced);
  subscribed(topics, () => {});
  topics.receive({ ...publication(), v8: 'no V8' });
  expect(warnings).toEqual(['CLUSTER_MESSAGE_INVALID']);
});

test('what is said of a value: undefined is none; and for whom it is', () => {
  const topics = endpoint();
  const base = { act: 'publish', topic: 'topic', from: 'worker', pid: process.pid };
  topics.publish('topic', 1);
  topics.publish('topic', null, { retain: true });
  topics.publish('topic', undefined, { retain: true });
  topics.publish('topic', 2, { retain: false });
  topics.publish('topic', 3, { retain: true, scope: 'fleet' });
  expect(sent).toEqual([
    { ...base, data: 1 },
    { ...base, retain: true, data: null },
    { ...base, retain: false, data: undefined },
    { ...base, data: 2 },
    { ...base, retain: true, scope: 'fleet', data: 3 },
  ]);
});

test.each([
  [() => endpoint().publish(), 'ERR_TOPIC_INVALID'],
  [() => endpoint().publish('', 1), 'ERR_TOPIC_INVALID'],
  [() => endpoint().publish(Symbol('topic'), 1), 'ERR_TOPIC_INVALID'],
  [() => endpoint().publish('x'.repeat(257), 1), 'ERR_TOPIC_INVALID'],
  [() => endpoint().publish('topic', 1, null), 'ERR_TOPIC_INVALID'],
  [() => endpoint().publish('topic', 1, { retain: 1 }), 'ERR_TOPIC_INVALID'],
  [() => endpoint().publish('topic', 1, { scope: 'host' }), 'ERR_TOPIC_INVALID'],
  [() => endpoint(codecs.advanced).publish('topic', () => {}), 'ERR_MESSAGE_INVALID'],
  [() => endpoint().publish('topic', () => {}), 'ERR_MESSAGE_INVALID'],
  [() => endpoint().publish('topic', Symbol('value'), { retain: true }), 'ERR_MESSAGE_INVALID'],
  [() => endpoint().subscribe(Object.create(null), () => {}), 'ERR_TOPIC_INVALID'],
  [() => endpoint().subscribe(7, () => {}), 'ERR_TOPIC_INVALID'],
  [() => endpoint().subscribe('topic'), 'ERR_CALLBACK_INVALID'],
  [() => endpoint().once('topic', {}), 'ERR_CALLBACK_INVALID'],
  [() => endpoint().unsubscribe('topic', 1), 'ERR_CALLBACK_INVALID'],
  ...[subscribe, once].map((call) => [() => call('topic', () => {}), 'ERR_NO_CLUSTER']),
  ...[unsubscribe, publish].map((call) => [() => call('topic'), 'ERR_NO_CLUSTER']),
])('%s: %s', (call, code) => {
  expect(call).toThrow(expect.objectContaining({ name: 'ClusterError', code }));
  expect(sent).toEqual([]);
});

test('a process has so many topics and no more', () => {
  const topics = endpoint();
  for (let n = 0; n < 16_384; n += 1) topics.subscribe(`${n}`, () => {});
  topics.subscribe('0', () => {});
  const more = () => topics.subscribe('more', () => {});
  expect(more).toThrow(expect.objectContaining({ code: 'ERR_TOPIC_LIMIT' }));
  topics.unsubscribe('1');
  more();
});

test('the longest names have room in the master, however they are written', () => {
  const longest = '\ud83d'.repeat(256);
  expect(JSON.stringify(longest)).toHaveLength(256 * 6 + 2);
  endpoint().publish(longest, 1);
  expect(sent).toHaveLength(1);
});

test('what cannot be sent is lost by a name; who subscribed meanwhile is announced later', () => {
  unreachable = 'created';
  const topics = endpoint();
  topics.subscribe('topic', () => {});
  topics.subscribe('other', () => {})();
  expect(topics.publish('topic', 1)).toBe(false);
  expect([sent, lost]).toEqual([[], [[{ topic: 'topic', value: 1 }, 'created']]]);
  unreachable = undefined;
  topics.open();
  expect(sent).toEqual([{ act: 'subscribe', topic: 'topic', id: 1 }]);
});

describe('without a master', () => {
  function local() {
    const topics = new TopicEndpoint(
      { role: 'app', unreachable: () => undefined, send: (frame) => here.route(JSON.stringify(frame)) },
      codecs.json,
    );
    const here = new LocalTopics((frame) => topics.receive(frame));
    return topics;
  }

  test('who publishes whenever a value comes holds nobody up', async () => {
    const topics = local();
    let rounds = 0;
    topics.subscribe('topic', () => (rounds += 1) < 1000 && topics.publish('topic', rounds));
    topics.publish('topic', 0);
    await turn();
    await turn();
    expect(rounds).toBeLessThan(1000);
  });

  test('listeners get copies, later', async () => {
    const topics = local();
    const heard = [];
    const value = { list: [1] };
    topics.subscribe('topic', (got) => heard.push(got));
    topics.publish('topic', value);
    value.list.push(2);
    expect(heard).toEqual([]);
    await turn();
    topics.unsubscribe('topic');
    topics.publish('topic', value);
    await turn();
    expect(heard).toEqual([{ list: [1] }]);
  });

  test('values are retained with the bounds of the master', async () => {
    const topics = local();
    const heard = [];
    const large = 'x'.repeat(32 * 1024 * 1024);
    topics.publish('one', large, { retain: true });
    topics.publish('two', large, { retain: true });
    await turn();
    expect(warnings).toEqual(['CLUSTER_TOPIC_NOT_RETAINED']);
    topics.publish('one', undefined, { retain: true });
    topics.publish('two', 1, { retain: true });
    for (const topic of ['one', 'two']) topics.subscribe(topic, (value) => heard.push([topic, value]));
    await turn();
    expect(heard).toEqual([['two', 1]]);
    expect(warnings).toHaveLength(1);
  });
});
