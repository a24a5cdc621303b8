'use strict';
// examples/next, built by `next build`, and the other ways to run Next.js that docs/en/guide/examples.md tells about.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { snippetsOf } = require('../../../scripts/docs/snippets');
const { test } = require('../support/at-once');
const { launch, runtime } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { GOOD_END, bothWorkers, ended, folderOf, reload, startExample } = require('../support/examples');
const { freePort } = require('../support/free-port');
const { Load } = require('../support/load');
const { isPacked, root } = require('../support/project');
const { until } = require('../support/until');

const BUILD_TIMEOUT_MS = 300_000;
const WORKS = /^(\d+) works$/;

const next = require.resolve('next/dist/bin/next');
const { version, engines } = require('next/package.json');
const folder = folderOf('next');
const quiet = { NEXT_TELEMETRY_DISABLED: '1' };

const [needed] = /\d+\.\d+/.exec(engines.node);
const compare = new Intl.Collator('en', { numeric: true }).compare;
const nodeVersion = execFileSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
const isSupported = compare(nodeVersion, needed) >= 0;

// Turbopack follows no link out of the project, and with a packed package all dependencies are links.
(isSupported && !isPacked ? describe : describe.skip)(`Next.js ${version}, which needs Node.js ${needed}`, () => {
  beforeAll(() => {
    // As `output: 'standalone'` in the configuration: one build for all ways to run it.
    const env = { ...process.env, ...quiet, NODE_ENV: 'production', NEXT_PRIVATE_STANDALONE: 'true' };
    execFileSync(runtime, [next, 'build'], { cwd: folder, env, stdio: 'pipe', timeout: BUILD_TIMEOUT_MS });
  }, BUILD_TIMEOUT_MS);

  test('a page and its scripts; what one worker renders anew is shown by all; a reload under load loses no request', async () => {
    const { app, port } = await startExample('next', quiet);
    const { status, text } = await request(port, '/?name=cluster');
    expect({ status, text }).toEqual({ status: 200, text: expect.stringMatching(/<p>hello cluster from \d+<\/p>/) });
    const [script] = /\/_next\/static\/[^"]+\.js/.exec(text);
    expect(await request(port, script)).toMatchObject({ status: 200 });

    const first = await bothWorkers(port, '/api/hello');
    const news = async () => /news of [^<]+/.exec((await request(port, '/news')).text)[0];
    const before = await news();
    await request(port, '/news/publish', { method: 'POST' });
    await until(async () => (await news()) !== before);
    const shown = await requests(port, 30, 1, '/news');
    expect(shown.filter(({ text }) => text.includes(before))).toEqual([]);

    const loads = [false, true].map((keepAlive) => new Load(port, { atOnce: 3, keepAlive }));
    await loads[0].answered(10);
    await reload(app, port, first, '/api/hello');
    await loads[1].answered(10);
    const results = (await Promise.all(loads.map((load) => load.stop()))).flat();
    expect(results.filter((result) => result.status !== 200)).toEqual([]);
    app.kill('SIGTERM');
    expect(await ended(app)).toEqual(GOOD_END);
  });

  /** With the command, as the page has it. */
  async function startCommand(...args) {
    const port = await freePort();
    const app = launch(
      {},
      {
        cwd: folder,
        commandLine: [runtime, path.join(root, 'bin/cluster-native.js'), '--prod', '--count', '2', ...args],
        env: { ...quiet, PORT: String(port) },
      },
    );
    await app.event('output', (line) => line.includes('└'));
    return { app, port };
  }

  function customServer() {
    const { code } = snippetsOf('docs/en/guide/examples.md').find(({ name }) => name === 'server.js');
    const file = path.join(folder, '.next/server.js');
    fs.writeFileSync(file, code);
    return file;
  }

  test.each([
    ['start.js', () => startExample('next', quiet)],
    ['next start', () => startCommand(next, '--', 'start')],
    ['standalone', () => startCommand(`.next/standalone/${path.relative(root, folder)}/server.js`)],
    ['a custom server', () => startCommand(customServer())],
  ])('%s: requests, and what after() was given, outlive a reload and the end', async (_way, start) => {
    const { app, port } = await start();
    const first = await bothWorkers(port, '/api/hello');
    const outlivesReload = request(port, '/slow');
    const [line] = await app.event('output', (text) => WORKS.test(text));
    const second = await reload(app, port, first, '/api/hello');
    expect((await outlivesReload).body).toEqual({ hello: 'at last', pid: Number(WORKS.exec(line)[1]) });

    const outlivesEnd = request(port, '/slow');
    await app.event('output', (text) => WORKS.test(text) && text !== line);
    app.kill('SIGTERM');
    const last = await outlivesEnd;
    expect(last).toMatchObject({ status: 200, body: { hello: 'at last' } });
    expect(second).toContain(last.body.pid);
    expect(await ended(app)).toEqual(GOOD_END);
    const done = app.output.split('\n').filter((text) => text.endsWith('has done the rest'));
    expect(done.map((text) => Number.parseInt(text, 10))).toEqual([Number(WORKS.exec(line)[1]), last.body.pid]);
  });
});
