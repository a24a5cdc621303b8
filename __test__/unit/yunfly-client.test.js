'use strict';
// getAloneClient() in a process that belongs to no cluster: it is the only one that subscribes.

const { getAloneClient, getWorkerClient } = require('../..');

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('the methods of cluster-client', async () => {
  const client = getAloneClient();
  expect(getWorkerClient()).toBe(client);
  expect(client.isClusterClientLeader).toBe(false);
  await client.ready();
  await new Promise((resolve) => client.ready(resolve));
  const got = [];
  const listener = (...values) => got.push(values);
  client.subscribe({ key: 'a' }, listener);
  client.once({ key: 'a' }, (value) => got.push(['once', value]));
  expect(client.publish({ key: 'a', value: { n: 1 } })).toBe(true);
  await turn();
  client.publish({ key: 'a', value: 2 });
  client.publish({ key: 'b', value: 'early' });
  await turn();
  expect(got.splice(0)).toEqual([[{ n: 1 }], ['once', { n: 1 }], [2]]);

  client.unSubscribe({ key: 'a' }, listener);
  client.publish({ key: 'a', value: 3 });
  client.subscribe({ key: 'b' }, (value) => got.push(['late', value]));
  await turn();
  expect(got.splice(0)).toEqual([['late', 'early']]);

  await client.close();
  client.publish({ key: 'b', value: 4 });
  await turn();
  expect(got).toEqual([]);
});

test('a listener that is none, and a key that is none', () => {
  const client = getAloneClient();
  expect(() => client.subscribe({ key: 'a' })).toThrow(expect.objectContaining({ code: 'ERR_CALLBACK_INVALID' }));
  expect(() => client.publish({ key: '', value: 1 })).toThrow(expect.objectContaining({ code: 'ERR_TOPIC_INVALID' }));
});

test("an event is EventEmitter's own", () => {
  const client = getAloneClient();
  const heard = jest.fn();
  client.once('error', heard);
  client.emit('error', 1);
  expect(heard).toHaveBeenCalledWith(1);
});
