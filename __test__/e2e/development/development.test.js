'use strict';
// A save starts again what it belongs to, and nothing else.

const fs = require('node:fs');
const { once } = require('node:events');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { freePort } = require('../support/free-port');
const { Project, source, aloneSource, readLives, nth, story } = require('../support/development');
const { until } = require('../support/until');

const version = async (port) => (await request(port)).body.version;
const pidsOf = (app, name) => app.events(name).map(([child]) => child.pid);

/** An app with an alone in `src/alone`, whose life is written to a file. */
function withAlone() {
  const project = new Project({ 'src/app.js': source('v1') });
  project.save('src/alone/service.js', aloneSource(project.file('lives')));
  return project;
}

describe('a save', () => {
  test('starts the worker again, and only it; events in order', async () => {
    const project = withAlone();
    const app = await project.start({ alone: 'src/alone' });
    const port = await app.port();
    const [old] = await app.workers();
    const alone = await app.call('alone');
    project.save('src/app.js', source('v2'));
    const [report] = await nth(app, 'reload', 1);
    const [worker, ...others] = await app.workers();
    expect(others).toEqual([]);
    expect(report).toMatchObject({ ok: true, replaced: [{ slot: 1, oldPid: old.pid, newPid: worker.pid }] });
    expect(worker.pid).not.toBe(old.pid);
    expect((await app.call('alone')).pid).toBe(alone.pid);
    expect(await version(port)).toBe('v2');
    expect(app.events('change')).toEqual([[[project.file('src/app.js')]]]);
    const told = story(app, [
      'change',
      'exit',
      'fork',
      'workerReady',
      'reload',
      'aloneExit',
      'unexpectedExit',
      'crash',
    ]);
    expect(told).toEqual(['fork', 'workerReady', 'change', 'exit', 'fork', 'workerReady', 'reload']);
  });

  test('twenty while it boots: one worker of the last state', async () => {
    const project = new Project({ 'src/app.js': source('v0') });
    const app = await project.start();
    const port = await app.port();
    for (let save = 1; save <= 20; save += 1) {
      project.save('src/app.js', source(`v${save}`, { bootMs: 300 }));
      await nth(app, 'fork', save + 1);
    }
    expect(await version(port)).toBe('v20');
    await nth(app, 'reload', 1);
    expect(app.events('reload')).toMatchObject([[{ ok: true }]]);
    await expect(app.workers()).resolves.toHaveLength(1);
    expect(app.events('crash')).toEqual([]);
    expect(app.processes().filter(({ command }) => command.includes(':worker'))).toHaveLength(1);
  });

  test("the app's port changes: the new one answers, the old one is refused", async () => {
    const [before, after] = [await freePort(), await freePort()];
    const project = new Project({ 'src/app.js': source('v1', { port: before }) });
    const app = await project.start();
    expect(await version(before)).toBe('v1');
    project.save('src/app.js', source('v2', { port: after }));
    await nth(app, 'reload', 1);
    expect(await version(after)).toBe('v2');
    const isRefused = () =>
      version(before).then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      );
    await until(isRefused);
    expect(await version(after)).toBe('v2');
  });
});

describe('ways of saving', () => {
  const ways = {
    'written in place': (project, text) => project.save('src/app.js', text),
    'renamed away and written anew (vim)'(project, text) {
      project.save('src/4913', '');
      fs.rmSync(project.file('src/4913'));
      fs.renameSync(project.file('src/app.js'), project.file('src/app.js~'));
      project.save('src/app.js', text);
      fs.rmSync(project.file('src/app.js~'));
    },
    'replaced by a temporary file'(project, text) {
      project.save('src/.app.js.tmp', text);
      fs.renameSync(project.file('src/.app.js.tmp'), project.file('src/app.js'));
    },
    'removed and created'(project, text) {
      fs.rmSync(project.file('src/app.js'));
      project.save('src/app.js', text);
    },
  };

  test.each(Object.entries(ways))('%s: one reload each time, with the new text', async (_name, save) => {
    const project = new Project({ 'src/app.js': source('v1') });
    const app = await project.start({ reloadDelay: 200 });
    const port = await app.port();
    for (const [index, next] of ['v2', 'v3'].entries()) {
      save(project, source(next));
      await nth(app, 'reload', index + 1);
      expect(await version(port)).toBe(next);
    }
    const files = [project.file('src/app.js')];
    expect(app.events('change')).toEqual([[files], [files]]);
    expect(app.events('crash')).toEqual([]);
  });

  test('a new folder with a file that is then required', async () => {
    const project = new Project({ 'src/app.js': source('v1') });
    const app = await project.start();
    const port = await app.port();
    const inner = (name) => `module.exports = ${JSON.stringify(name)};\n`;
    project.save('src/new/deep/name.js', inner('v2'));
    await nth(app, 'reload', 1);
    project.save('src/app.js', source('v1').replace('"v1"', "require('./new/deep/name')"));
    await nth(app, 'reload', 2);
    expect(await version(port)).toBe('v2');
    project.save('src/new/deep/name.js', inner('v3'));
    await nth(app, 'reload', 3);
    expect(await version(port)).toBe('v3');
  });

  test('a link to a file elsewhere: its target is looked at', async () => {
    const project = new Project({
      'src/app.js': source('v1').replace('"v1"', "require('./name')"),
      'elsewhere/name.js': `module.exports = 'v1'`,
    });
    fs.symlinkSync('../elsewhere/name.js', project.file('src/name.js'));
    const app = await project.start();
    const port = await app.port();
    expect(await version(port)).toBe('v1');
    project.save('elsewhere/name.js', `module.exports = 'v2'`);
    const [files] = await nth(app, 'change', 1);
    expect(files).toEqual([project.file('src/name.js')]);
    await nth(app, 'reload', 1);
    expect(await version(port)).toBe('v2');
  });
});

describe('the alone', () => {
  test.each([
    ['a folder', 'src/alone', ['src/alone/service.js', 'src/alone/parts/part.js']],
    ['a script', 'src/alone/service.js', ['src/alone/service.js']],
  ])('%s: a change starts it again, and only it; never are two alive', async (_name, alone, saved) => {
    const project = withAlone();
    const app = await project.start({ alone });
    const [worker] = await app.workers();
    const old = await app.call('alone');
    for (const [index, name] of saved.entries()) {
      // What a file requires that is in a subfolder.
      project.save(name, name.includes('parts') ? 'module.exports = {};' : aloneSource(project.file('lives')));
      const [report] = await nth(app, 'reload', index + 1);
      expect(report).toMatchObject({ ok: true, replaced: [{ slot: null }] });
    }
    const pids = pidsOf(app, 'aloneReady');
    expect(pids[0]).toBe(old.pid);
    expect(pids).toHaveLength(saved.length + 1);
    expect(readLives(project.file('lives'))).toEqual(
      pids
        .flatMap((pid) => [
          ['start', String(pid)],
          ['end', String(pid)],
        ])
        .slice(0, -1),
    );
    await expect(app.workers()).resolves.toMatchObject([{ pid: worker.pid }]);
  });

  test('a burst that touches both: the alone is ready before the worker is forked', async () => {
    const project = withAlone();
    const app = await project.start({ alone: 'src/alone', reloadDelay: 200 });
    project.save('src/app.js', source('v2'));
    project.save('src/alone/service.js', aloneSource(project.file('lives')));
    const [report] = await nth(app, 'reload', 1);
    expect(report.ok).toBe(true);
    expect(report.replaced.map(({ slot }) => slot).sort()).toEqual([1, null]);
    const told = story(app, ['aloneReady', 'fork', 'change', 'reload']);
    expect(told).toEqual(['aloneReady', 'fork', 'change', 'aloneReady', 'fork', 'reload']);
    expect(await version(await app.port())).toBe('v2');
  });
});

describe('on demand', () => {
  test('reload() with another environment', async () => {
    const project = new Project({ 'src/app.js': source('v1') });
    const app = await project.start();
    const port = await app.port();
    const [old] = await app.workers();
    const report = await app.call('reload', { env: { GIVEN: 'later' } });
    expect(report).toMatchObject({ ok: true, replaced: [{ slot: 1, oldPid: old.pid }] });
    expect((await request(port)).body).toMatchObject({ version: 'v1', given: 'later' });
    // It holds for what a save starts, too.
    project.save('src/app.js', source('v2'));
    await nth(app, 'reload', 2);
    expect((await request(port)).body).toMatchObject({ version: 'v2', given: 'later' });
  });

  test('SIGHUP', async () => {
    const project = new Project({ 'src/app.js': source('v1') });
    const app = await project.start({}, { detached: true }); // without a controlling terminal
    const [old] = await app.workers();
    app.kill('SIGHUP');
    const [report] = await nth(app, 'reload', 1);
    expect(report).toMatchObject({ ok: true, replaced: [{ oldPid: old.pid }] });
    expect(app.events('change')).toEqual([]);
  });

  test('the app ends in the middle of a reload', async () => {
    const project = new Project({ 'src/app.js': source('v1') });
    const app = await project.start();
    project.save('src/app.js', source('v2', { bootMs: 60_000 }));
    await nth(app, 'fork', 2);
    app.kill('SIGTERM');
    await once(app.process, 'exit');
    expect(app.process.exitCode).toBe(0);
  });
});
