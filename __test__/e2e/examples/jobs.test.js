'use strict';
// examples/jobs.

const { GOOD_END, bothWorkers, ended, reload, startExample } = require('../support/examples');

const DONE = /^job (\d+) was done by (\d+)$/;
const NOT_DONE = /^job (\d+) was not done: (\w+)$/;

const matches = (app, pattern) =>
  app.output
    .split('\n')
    .map((line) => pattern.exec(line))
    .filter(Boolean);

test('each job is done once, by one of the workers, also during a reload', async () => {
  const { app, port } = await startExample('jobs', { JOB_INTERVAL_MS: '30' });
  const first = await bothWorkers(port);
  const didAll = (pids) => () => [...pids].every((pid) => matches(app, DONE).some(([, , by]) => Number(by) === pid));
  await app.event('output', didAll(first));
  const second = await reload(app, port, first);
  await app.event('output', didAll(second));
  // What is under way when the old workers are told to go is done as well.
  expect(matches(app, NOT_DONE)).toEqual([]);

  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
  const done = matches(app, DONE).map(([, number]) => Number(number));
  // Due when no worker is left any more.
  const undone = matches(app, NOT_DONE).map(([, number, code]) => {
    expect(code).toBe('ERR_REQUEST_UNDELIVERABLE');
    return Number(number);
  });
  const all = [...done, ...undone].sort((a, b) => a - b);
  expect(all).toEqual(all.map((_, i) => i + 1));
  expect(done.length).toBeGreaterThan(undone.length);
});
