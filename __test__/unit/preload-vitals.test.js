'use strict';
// What a process tells of itself while somebody looks.

const http = require('node:http');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startServers } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

const source = "require('node:http').createServer((request, response) => response.end()).listen(0);";
const start = () =>
  startServers(path.join(folder({ 'worker.js': source }), 'worker.js'), { boot: { countRequests: true } });
const FIELDS = ['utilization', 'delay', 'heapUsed', 'heapTotal', 'external'];

/** Asks again and again until stop(). */
function load(port) {
  let goesOn = true;
  const ask = () =>
    http
      .get({ port, agent: false }, (response) => response.resume().on('close', () => goesOn && ask()))
      .on('error', () => {});
  ask();
  return () => (goesOn = false);
}

test('what is written anyway takes it along, once it is asked for', async () => {
  const child = await start();
  const stop = load(child.port);
  const { vitals: unasked } = await child.tells('connections');
  expect(unasked).toBeUndefined();
  child.tell('vitals', { lasts: 60_000 });
  const { vitals } = await child.tells('connections', (report) => report.vitals);
  expect(Object.keys(vitals)).toEqual(FIELDS);
  expect(vitals.utilization).toBeGreaterThan(0);
  stop();
});

test('who is idle tells each second, but the same less often', async () => {
  const child = await start();
  const told = [];
  const three = new Promise((resolve) => {
    child.onFrame('NODE_YUNFLY', (frame) => {
      if (frame.act === 'vitals') told.push({ at: performance.now(), ...frame });
      if (told.length === 3) resolve();
    });
  });
  child.tell('vitals', { lasts: 60_000 });
  await three;
  const isNew = (one, other) =>
    Math.max(one.delay.max, other.delay.max) > 2 ||
    Math.abs(one.utilization - other.utilization) > 0.009 ||
    Math.abs(one.heapUsed - other.heapUsed) > 1_000_000 ||
    Math.abs(one.external - other.external) > 1_000_000;
  const tooEarly = told.slice(1).filter((one, i) => !isNew(one, told[i]) && one.at - told[i].at < 2000);
  expect(tooEarly).toEqual([]);
});

test('it ends with the time that was asked for', async () => {
  const child = await start();
  child.tell('vitals', { lasts: 5000 });
  await child.tells('vitals');
  const stop = load(child.port);
  // The connections' reports go on without it.
  await new Promise((resolve) => {
    let without = 0;
    child.onFrame('NODE_YUNFLY', ({ act, vitals }) => {
      if (act === 'connections') without = vitals ? 0 : without + 1;
      if (without === 12) resolve();
    });
  });
  stop();
});
