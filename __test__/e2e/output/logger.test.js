'use strict';
// The cluster's own log: the library's lines and those of the master.

const fs = require('node:fs');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { folder, script } = require('../support/files');

/** The master logs at `debug` that it could not tell the service manager, and goes on. */
const debugging = { NOTIFY_SOCKET: '/no/such/socket', YUNFLY_LOG: 'debug' };
const UNTOLD = 'the service manager could not be told';

/** Logged by the library's JS as a warning. */
const withoutMode = [{ mode: undefined, count: 1 }, { NODE_ENV: undefined }];

/** The alone takes the folder away that the workers are to run in: the master warns that it cannot fork one. */
function failing(config) {
  const cwd = fs.realpathSync(folder());
  fs.mkdirSync(`${cwd}/run`);
  const alone = script("require('node:fs').rmdirSync(process.cwd());");
  return { cwd: `${cwd}/run`, alone, exec: fixture('workers/http.js'), count: 1, title: 'shop', ...config };
}
const UNSTARTED = 'a process could not be started';

const linesWith = (app, text) => app.output.split('\n').filter((line) => line.includes(text));

describe('pino', () => {
  test("the master's warnings, with their fields", async () => {
    const app = launch(failing({ logger: 'pino' }), { env: { YUNFLY_LOG: undefined } });
    await app.event('rejected');
    await app.gone;
    const entries = linesWith(app, UNSTARTED).map((line) => JSON.parse(line));
    expect(entries).toEqual([
      expect.objectContaining({
        level: 40,
        cluster: 'shop',
        msg: UNSTARTED,
        error: expect.stringContaining('No such file'),
      }),
    ]);
  });

  test('what becomes of the processes', async () => {
    const app = await start(
      { logger: 'pino', alone: fixture('alone/reporting.js') },
      { env: { YUNFLY_LOG: undefined } },
    );
    const [{ pid }] = await app.workers();
    await app.call('close');
    await app.gone;
    const entries = app.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    expect(entries.filter(({ msg }) => msg === 'the worker is ready')).toHaveLength(2);
    expect(entries).toContainEqual(expect.objectContaining({ level: 30, msg: 'the alone is ready' }));
    expect(entries).toContainEqual(
      expect.objectContaining({ msg: 'the worker has ended', slot: 1, pid, code: 0, reason: 'shutdown', asked: true }),
    );
  });

  test("the library's own", async () => {
    const [config, env] = withoutMode;
    const app = await start({ ...config, title: 'shop', logger: 'pino' }, { env: { YUNFLY_LOG: undefined, ...env } });
    const [entry] = linesWith(app, 'NODE_ENV is not set').map((line) => JSON.parse(line));
    expect(entry).toMatchObject({ level: 40, cluster: 'shop', msg: expect.stringContaining('development mode') });
  });
});

test('console: one text for each', async () => {
  const app = await start({ title: 'shop', logger: 'console' }, { env: debugging });
  await app.event('output', (line) => line.startsWith(`shop: ${UNTOLD} error=`));
});

test.each([
  ['console', undefined, 0],
  ['console', 'info', 0],
  ['console', 'debug', 1],
  [undefined, undefined, 0],
  [undefined, 'debug', 1],
])('logger %s, YUNFLY_LOG=%s: what is below the level does not come', async (logger, level, least) => {
  const app = await start({ count: 1, logger }, { env: { ...debugging, YUNFLY_LOG: level } });
  await app.call('close');
  await app.gone;
  const { length } = linesWith(app, UNTOLD);
  if (least === 0) expect(length).toBe(0);
  else expect(length).toBeGreaterThanOrEqual(least);
});

test('a logger that throws: the lines are on stderr, the app goes on', async () => {
  const app = await start({ title: 'shop', logger: 'broken' }, { env: debugging });
  await app.event(
    'output',
    (line) => line.startsWith(`shop: ${UNTOLD} `) && line.endsWith('loggerError="the logger is broken"'),
  );
  await expect(app.workers()).resolves.toHaveLength(2);
});

test('YUNFLY_LOG=debug,json: each entry is a line of JSON, with the same names in all of them', async () => {
  const [config, env] = withoutMode;
  const app = await start(config, { env: { ...debugging, ...env, YUNFLY_LOG: 'debug,json' } });
  await app.call('close');
  await app.gone;
  const entries = app.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { timestamp, level } of entries) {
    expect(new Date(timestamp).getTime()).toBeGreaterThan(Date.now() - 3_600_000);
    expect(['ERROR', 'WARN', 'INFO', 'DEBUG']).toContain(level);
  }
  expect(entries.filter(({ message }) => message === UNTOLD).length).toBeGreaterThanOrEqual(1);
  expect(entries.filter(({ message }) => message.startsWith('NODE_ENV is not set'))).toHaveLength(1);
});

test('a YUNFLY_LOG that is not known is a warning', async () => {
  const app = await start({ count: 1 }, { env: { YUNFLY_LOG: 'everything' } });
  const [{ message }] = await app.event('warning', ({ code }) => code === 'CLUSTER_VARIABLE_IGNORED');
  expect(message).toContain("'everything'");
});
