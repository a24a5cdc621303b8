'use strict';
// The wall clock jumps in the app and in its children: nothing is taken for late that is not, and nothing waits for a day.

const { start, fixture } = require('../support/cluster');
const { Load } = require('../support/load');

const DAY_MS = 24 * 60 * 60 * 1000;

test('hangs, deadlines, reloads and the end go by time that passed', async () => {
  const execArgv = ['--require', fixture('jumping-clock.js')];
  const config = { alone: fixture('alone/reporting.js'), count: 2, hangTimeout: 6000, execArgv };
  const app = await start(config, { execArgv });
  const load = new Load(await app.port(), { atOnce: 2 });
  await load.answered(50);
  await app.call('reload');
  await load.answered(50);
  await expect(
    app.call('request', { to: 'alone', action: 'nobody answers this' }, { timeout: 5000 }),
  ).rejects.toMatchObject({ code: 'ERR_NO_HANDLER' });
  await app.call('close');
  const results = await load.refused();
  expect(results.filter(({ status, error }) => status !== 200 && error?.code !== 'ECONNREFUSED')).toEqual([]);
  for (const [{ readyAfter }] of app.events('workerReady')) {
    expect(readyAfter).toBeGreaterThan(0);
    expect(readyAfter).toBeLessThan(DAY_MS);
  }
  expect(app.events('hang')).toEqual([]);
  expect(app.events('exit').map(([, ...how]) => how)).toEqual(Array(4).fill([0, null]));
  expect(app.events('aloneExit').map(([, ...how]) => how)).toEqual([[0, null]]);
});
