'use strict';
// The command, as a user runs it.

const path = require('node:path');
const { version } = require('../../../package.json');
const { test } = require('../support/at-once');
const { ask, lines, ready, run, runOnTerminal, tables } = require('../support/command');
const { folder, script, scripts } = require('../support/files');
const { until } = require('../support/until');

/** Answers who it is and what it was given. */
const SERVER = `
  const { title, pid, argv, env } = process;
  const answer = JSON.stringify({ title, pid, args: argv.slice(2), NODE_ENV: env.NODE_ENV, GIVEN: env.GIVEN });
  require('node:http').createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(answer);
  }).listen(0);
`;

describe('not on a terminal', () => {
  test('it starts, answers, tells what runs in plain lines, and ends with 0', async () => {
    const app = run([
      '--prod',
      '--count',
      '2',
      '--title',
      'shop',
      '--env',
      'GIVEN=yes',
      script(SERVER),
      '--',
      '--colour',
      'blue',
    ]);
    const { pid, ...told } = await ask(await ready(app));
    expect(told).toEqual({
      title: expect.stringMatching(/^shop:worker:[12]$/),
      args: ['--colour', 'blue'],
      NODE_ENV: 'production',
      GIVEN: 'yes',
    });
    const [table] = tables(app);
    expect(table).toContain(String(pid));
    expect(table.match(/│ worker [12] │ \d+ +│ ready /g)).toHaveLength(2);
    expect(table).toMatch(new RegExp(`│ app +│ ${app.pid} +│ ready `));
    expect(lines(app)).toContain('mode        production');
    expect(app.processes().map((each) => each.command)).toContainEqual(expect.stringMatching(/^shop:app/));
    app.kill('SIGTERM');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    expect(lines(app).at(-2)).toBe('shop: stopped');
    // eslint-disable-next-line no-control-regex
    expect(app.output).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    expect(tables(app)).toHaveLength(1);
  });

  test('a worker that dies: a line for each event', async () => {
    const app = run(['--prod', '--count', '1', '--title', 'shop', '--no-alone', script(SERVER)]);
    const { pid } = await ask(await ready(app));
    process.kill(pid, 'SIGKILL');
    await app.event('output', (line) => line === `shop: worker 1 (pid ${pid}) was killed by SIGKILL`);
    const isSuccessor = (line) => /worker 1 \(pid \d+\) is ready in/.test(line) && !line.includes(`(pid ${pid})`);
    await app.event('output', isSuccessor);
  });

  test('the alone is in the table', async () => {
    const app = run([
      '--prod',
      '--count',
      '1',
      '--title',
      'shop',
      '--alone',
      script('module.exports = () => {}'),
      script(SERVER),
    ]);
    await ready(app);
    expect(tables(app)[0]).toMatch(/│ alone +│ \d+ +│ ready /);
  });

  test('NODE_ENV is not set: development, and it says so', async () => {
    const app = run(['--title', 'shop', script(SERVER)]);
    const told = await ask(await ready(app));
    expect(told.NODE_ENV).toBe('development');
    expect(lines(app)).toContain('mode        development (NODE_ENV is not set; --prod for production)');
  });

  test('NODE_ENV decides, and stays as it is', async () => {
    const app = run(['start', '--count', '2', script(SERVER)], { env: { NODE_ENV: 'production' } });
    expect((await ask(await ready(app))).NODE_ENV).toBe('production');
    expect(lines(app)).toContain('mode        production');
  });

  test('NODE_ENV for the workers decides as well, and first', async () => {
    const args = ['--env', 'NODE_ENV=production', '--count', '2', script(SERVER)];
    const app = run(args, { env: { NODE_ENV: 'development' } });
    expect((await ask(await ready(app))).NODE_ENV).toBe('production');
    expect(lines(app)).toContain('mode        production');
  });

  test('behind a -- is what is for the workers of the file that a configuration names', async () => {
    const config = { exec: script(SERVER), mode: 'production', count: 1 };
    const file = path.join(scripts({ 'cluster.json': JSON.stringify(config) }), 'cluster.json');
    const app = run(['--config', file, '--', 'sync']);
    expect((await ask(await ready(app))).args).toEqual(['sync']);
    const other = run(['--prod', '--count', '1', '--', script(SERVER), 'sync']);
    expect((await ask(await ready(other))).args).toEqual(['sync']);
  });

  test.each([
    ['cluster.json', (config) => JSON.stringify(config)],
    ['cluster.js', (config) => `module.exports = ${JSON.stringify(config)}`],
    ['cluster.mjs', (config) => `export default ${JSON.stringify(config)}`],
  ])('--config %s: what is typed wins', async (name, write) => {
    const exec = script(SERVER);
    const config = {
      exec,
      mode: 'production',
      count: 3,
      title: 'from-file',
      env: { GIVEN: 'by the file' },
      args: ['a'],
    };
    const app = run(['--config', path.join(scripts({ [name]: write(config) }), name), '--count', '1']);
    const told = await ask(await ready(app));
    expect(told).toMatchObject({
      title: 'from-file:worker:1',
      GIVEN: 'by the file',
      args: ['a'],
      NODE_ENV: 'production',
    });
    expect(tables(app)[0]).not.toContain('worker 2');
  });

  test("Node's own flags reach the workers", async () => {
    const first = script("process.env.GIVEN = 'by the first'", 'first.cjs');
    const app = run(['--prod', '--count', '1', '--no-alone', '-r', first, script(SERVER)]);
    expect((await ask(await ready(app))).GIVEN).toBe('by the first');
  });

  test('nobody reads its output any more: it goes on', async () => {
    const app = run(['--prod', '--count', '1', '--no-alone', script(SERVER)]);
    const listening = await ready(app);
    const { pid } = await ask(listening);
    app.process.stdout.destroy();
    process.kill(pid, 'SIGKILL');
    await until(async () => (await ask(listening).catch(() => ({ pid }))).pid !== pid);
    app.kill('SIGTERM');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  });

  test('colours where they are asked for', async () => {
    const app = run(['--prod', '--count', '1', script(SERVER)], { env: { FORCE_COLOR: '1' } });
    await ready(app);
    expect(tables(app)[0]).toContain('\x1b[32mready\x1b[39m');
    expect(app.output).not.toContain('\r');
  });
});

describe('on a terminal', () => {
  test('the table, and the table again after a worker died; Ctrl-C ends it with 0', async () => {
    const app = runOnTerminal(['--prod', '--count', '2', '--title', 'shop', '--no-alone', script(SERVER)]);
    const { pid } = await ask(await ready(app));
    expect(tables(app)[0]).toContain('\x1b[32mready\x1b[39m');
    process.kill(pid, 'SIGKILL');
    await app.event('output', (line) => line.includes(`worker`) && line.includes(`(pid ${pid}) was killed by SIGKILL`));
    await app.event('output', () => tables(app).length === 2 && tables(app)[1].includes('└'));
    expect(tables(app)[1]).not.toContain(String(pid));
    app.process.stdin.write('\x03');
    await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
    expect(app.output).toMatch(/shop: *(\x1b\[\d+m)* stopped/); // eslint-disable-line no-control-regex
  });

  test('NO_COLOR', async () => {
    const app = runOnTerminal(['--prod', '--count', '1', '--no-alone', script(SERVER)], {
      env: { NO_COLOR: '1' },
    });
    await ready(app);
    expect(app.output).not.toMatch(/\x1b\[\d+m/); // eslint-disable-line no-control-regex
  });
});

describe('what goes wrong', () => {
  test.each([
    [
      'an option that there is not',
      ['--conut', '2', 'app.js'],
      'cluster-native: --conut is not an option. Did you mean --count?',
    ],
    ['no file', ['--count', '2'], 'cluster-native: Which file shall the workers run? cluster-native <file>'],
    ['a value out of range', ['--count', '0', __filename], 'cluster-native: --count must be an integer from 1 to 1000'],
    [
      'one option against another',
      ['--dev', '--prod', __filename],
      'cluster-native: Give either --dev or --prod, not both.',
    ],
    [
      'an address of the inspector',
      ['--inspect=foo:bar', __filename],
      'cluster-native: the port of --inspect must be 0 (any)',
    ],
    ['no such configuration', ['--config', 'none.json'], 'cluster-native: --config: there is no file '],
  ])('%s: one line, exit code 2', async (_what, args, message) => {
    const app = run(args, { cwd: folder() });
    await expect(app.gone).resolves.toEqual({ code: 2, signal: null });
    expect(app.output.startsWith(message)).toBe(true);
    expect(lines(app)).toHaveLength(2);
  });

  test.each([
    ['in the file', { count: 0 }, [], /^cluster-native: \S*cluster\.json: `count` must be .*leave `count` out/],
    [
      'in the file, and another one typed',
      { limit: 0 },
      ['--count', '2'],
      /^cluster-native: \S*cluster\.json: `limit` must be/,
    ],
    [
      'in the file, its variables, to which some were typed',
      { env: [1] },
      ['--env', 'A=1'],
      /^cluster-native: \S*cluster\.json: `env` must be/,
    ],
    ['typed, over the file', { count: 2 }, ['--count', '0'], /^cluster-native: --count must be .*leave --count out/],
    ['no object', [], [], /^cluster-native: --config: \S*cluster\.json must export the configuration, an object/],
  ])('a wrong field %s: one line, exit code 2', async (_where, config, args, message) => {
    const file = path.join(scripts({ 'cluster.json': JSON.stringify(config) }), 'cluster.json');
    const app = run(['--config', file, ...args, __filename]);
    await expect(app.gone).resolves.toEqual({ code: 2, signal: null });
    expect(app.output).toMatch(message);
    expect(lines(app)).toHaveLength(2);
  });

  test('a file that there is not: it is named, exit code 2', async () => {
    const cwd = folder();
    const app = run(['--prod', 'server.js'], { cwd });
    await expect(app.gone).resolves.toEqual({ code: 2, signal: null });
    expect(app.output).toContain(`There is none at ${path.join(cwd, 'server.js')}`);
    expect(app.output).not.toContain('    at ');
  });

  test('a configuration that throws', async () => {
    const config = script(`throw new Error('not this one')`, 'cluster.js');
    const app = run(['--config', config]);
    await expect(app.gone).resolves.toEqual({ code: 2, signal: null });
    expect(app.output).toContain('could not be loaded: not this one');
  });

  test('a worker that throws as it is loaded: its own error by its Node, one line of ours, exit code 1', async () => {
    const app = run(['--prod', '--count', '1', '--no-alone', script(`throw new TypeError('no database')`)]);
    await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
    expect(app.output.match(/^TypeError: no database/gm)).toHaveLength(1);
    const [ours, ...others] = lines(app).filter((line) => line.startsWith('cluster-native: '));
    expect(ours).toContain('exited with code 1 before it was ready: TypeError: no database');
    expect(others).toEqual([]);
    expect(app.output).not.toContain(path.join(__dirname, '../../../lib'));
  });

  test('no worker is left: it says so, exit code 1', async () => {
    const dies = script(`
      if (require('node:fs').existsSync(process.argv[2])) throw new Error('gone for good');
      ${SERVER}
    `);
    const marks = folder();
    const app = run(['--prod', '--count', '1', '--no-alone', '--limit', '0.5', dies, path.join(marks, 'dead')]);
    const { pid } = await ask(await ready(app));
    require('node:fs').writeFileSync(path.join(marks, 'dead'), '');
    process.kill(pid, 'SIGKILL');
    await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
    expect(app.output).toMatch(/The last failure: .*gone for good/);
  });
});

test('--help', async () => {
  const app = run(['--help']);
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.output).toMatch(/^Usage: cluster-native/);
});

test('--version', async () => {
  const app = run(['--version']);
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.output).toBe(`${version}\n`);
});
