'use strict';
// workTimeout: what goes on after the last answer, and never ends by itself.

const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { script } = require('../support/files');

const head = `const report = require(${JSON.stringify(fixture('report.js'))});`;
/** A job that goes on by timers, each of which ends, and a listener that ends nothing. */
const goesOn = `${head}
  process.on('SIGTERM', () => report('SIGTERM'));
  const job = () => setTimeout(job, 300);
  job();`;

test('listeners and timers have so long, after the last answer; alone and workers exit with code 0', async () => {
  const exec = script(`${goesOn}
    require('node:http').createServer((request, response) => {
      report('slow');
      setTimeout(() => response.end(report('answered')), 600);
    }).listen(0);`);
  const app = await start({ exec, alone: script(goesOn), count: 1, workTimeout: 100 });
  const slow = request(await app.port());
  await app.report('slow');
  app.kill('SIGTERM');
  expect((await slow).status).toBe(200);
  expect(await app.exited).toEqual({ code: 0, signal: null });
  await app.gone;
  const kinds = app.events('report').map(([{ kind }]) => kind);
  expect(kinds).toEqual(['slow', 'answered', 'SIGTERM', 'SIGTERM']);
  expect(app.events('exit').map(([, code, signal]) => ({ code, signal }))).toEqual([{ code: 0, signal: null }]);
  expect(app.events('aloneExit').map(([, code, signal]) => ({ code, signal }))).toEqual([{ code: 0, signal: null }]);
  // By itself, not because killTimeout was near.
  expect(app.output).not.toMatch('did not end within killTimeout');
});

test('0: nothing goes on after the listeners were called', async () => {
  const exec = script(`${goesOn}
    require('node:http').createServer().listen(0);`);
  const app = await start({ exec, count: 1, killTimeout: 60_000, workTimeout: 0 });
  await app.call('close');
  expect(app.events('exit').map(([, code, signal]) => ({ code, signal }))).toEqual([{ code: 0, signal: null }]);
  expect(app.output).not.toMatch('did not end within killTimeout');
});

test('work that ends sooner is not waited for longer', async () => {
  const exec = script(`${head}
    process.on('SIGTERM', () => setTimeout(() => report('cleaned'), 50));
    process.on('exit', () => report('ended'));
    require('node:http').createServer().listen(0, () => report('listens'));`);
  const app = await start({ exec, count: 1, killTimeout: 60_000, workTimeout: 50_000 });
  await app.call('close');
  await app.report('ended');
  expect(app.events('report').map(([{ kind }]) => kind)).toEqual(['listens', 'cleaned', 'ended']);
});
