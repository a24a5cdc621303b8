'use strict';
// The client of an app from before it starts its cluster, however it does.

const path = require('node:path');
const { createCluster, getWorkerClient, subscribe } = require('../..');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('early subscriptions and values are there in the cluster, and nothing comes twice', async () => {
  const client = getWorkerClient();
  const got = [];
  client.subscribe({ key: 'a' }, (value) => got.push(value));
  client.subscribe({ key: 'b' }, (value) => got.push(value));
  client.publish({ key: 'a', value: 'first' });
  // What was refused does not come up again.
  expect(() => client.publish({ key: '', value: 1 })).toThrow(expect.objectContaining({ code: 'ERR_TOPIC_INVALID' }));
  await turn();
  client.publish({ key: 'a', value: 'early' });
  const cluster = createCluster({
    exec: path.join(folder({ 'app.js': '' }), 'app.js'),
    enable: false,
    mode: 'production',
  });
  const started = cluster.start();
  // At once: it is later than the early ones.
  client.publish({ key: 'a', value: 'late' });
  await started;
  await turn();
  expect(got.splice(0)).toEqual(['first', 'early', 'late']);

  cluster.subscribe('a', (value) => got.push(['of the cluster', value]));
  cluster.publish('b', 'from the cluster');
  await turn();
  expect(got.splice(0).sort()).toEqual([['of the cluster', 'late'], 'from the cluster'].sort());

  client.publish({ key: 'a', value: 'again' });
  await turn();
  expect(got.splice(0)).toEqual(['again', ['of the cluster', 'again']]);
  await client.close();
  subscribe('a', (value) => got.push(['late', value]));
  await turn();
  expect(got).toEqual([['late', 'again']]);
  await cluster.close();
});
