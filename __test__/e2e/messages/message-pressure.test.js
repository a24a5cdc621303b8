'use strict';
// More messages than their receivers take: senders are slowed, and nothing else comes to harm.

const fs = require('node:fs');
const { start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { script } = require('../support/files');
const { until } = require('../support/until');

const MIB = 1024 * 1024;

test.each([1, 2])(
  '%d workers flood workers, themselves among them, while clients connect: all are served',
  async (count) => {
    const app = await start({ count });
    const port = await app.port();
    await requests(port, 12, 6, '/flood');
    expect((await request(port)).status).toBe(200);
    const isOver = ({ children }) =>
      children.reduce((sum, { received }) => sum + received, 0) >= 12 * 5000 &&
      children.every(({ queuedBytes }) => queuedBytes === 0);
    await until(async () => isOver(await app.call('stats')));
    expect(app.events('undeliverable')).toEqual([]);
  },
);

test('a sender that is slowed down is not taken for hung', async () => {
  const alone = script(`
    const report = require(${JSON.stringify(fixture('report.js'))});
    module.exports = () => process.on('message', ({ action, ms }) => {
      if (action !== 'block') return;
      report('blocking');
      const end = Date.now() + ms;
      while (Date.now() < end);
      report('blocked');
    });`);
  const app = await start({ alone, count: 1, exec: fixture('workers/messages.js'), hangTimeout: 4000 });
  const [worker] = await app.workers();
  await app.call('sendmessage', { to: 'alone', action: 'block', ms: 7000 });
  await app.report('blocking');
  await app.control(worker, 'stream', { message: { to: 'alone', data: 'x'.repeat(20_000) } });
  await app.report('blocked');
  await app.control(worker, 'endStream');
  expect(app.events('hang')).toEqual([]);
  expect((await app.workers()).map(({ id }) => id)).toEqual([worker.id]);
});

test("the app's memory is bounded while its own JavaScript stands still", async () => {
  const app = await start({ alone: fixture('alone/volume.js'), count: 1, exec: fixture('workers/messages.js') });
  const [worker] = await app.workers();
  const before = await app.call('rss');
  await app.control(worker, 'mix', { rounds: 1500 });
  await app.call('block', 2000);
  // The most that it ever held.
  const [, peak] = /^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${app.pid}/status`, 'utf8'));
  expect(peak * 1024 - before).toBeLessThan(48 * MIB);
  await app.report('mixed');
});
