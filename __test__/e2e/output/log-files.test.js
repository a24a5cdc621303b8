'use strict';
// `output: { file }`: what children print, in files that the master writes.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { connectCluster } = require('../../..');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { launch, start, runtime } = require('../support/cluster');
const { ask } = require('../support/control');
const { folder, script, scripts } = require('../support/files');
const { root } = require('../support/project');
const { until } = require('../support/until');

const LISTEN = "require('node:http').createServer().listen(0);";
const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');

/** Numbers from 0 on. */
const numbers = (count) => Array.from({ length: count }, (_, i) => i);

/** The full files, the oldest first, and the one that is written to. */
function filesOf(base) {
  const full = fs
    .readdirSync(path.dirname(base))
    .filter((name) => name.startsWith(`${path.basename(base)}.`))
    .map((name) => Number(name.slice(path.basename(base).length + 1)))
    .sort((one, other) => other - one);
  return [...full.map((number) => `${base}.${number}`), base].map(read);
}

/** The numbers of the lines `<who> <number> <fill>` in this text, by who; any other line is one that was torn. */
function lines(text) {
  const found = {};
  for (const line of text.split('\n').slice(0, -1)) {
    const [, who, number] = /^(\d \w+) (\d+) x{0,99}$/.exec(line) ?? [null, 'torn', line];
    (found[who] ??= []).push(who === 'torn' ? line : Number(number));
  }
  return found;
}

test('a flood of several workers: full files are renamed, and every line is there once, whole and in order', async () => {
  const count = 4000;
  const exec = script(`
    const who = Number(process.env.NODE_APP_INSTANCE) + 1;
    for (let i = 0; i < ${count}; i += 1) {
      console.log(who + ' out ' + i + ' ' + 'x'.repeat(i % 100));
      console.error(who + ' err ' + i + ' ' + 'x'.repeat(i % 7));
    }
    ${LISTEN}`);
  const file = path.join(folder(), 'logs/app.log');
  const app = await start({ exec, count: 3, output: { file, maxSize: '32K', keep: 1000 } });
  await until(() =>
    [1, 2, 3].every((who) =>
      filesOf(file)
        .join('')
        .includes(`${who} out ${count - 1} `),
    ),
  );
  await app.stop();
  const files = filesOf(file);
  expect(files.length).toBeGreaterThan(20);
  for (const text of files) {
    expect(text.endsWith('\n')).toBe(true);
    expect(text.length).toBeLessThanOrEqual(32 * 1024);
  }
  const expected = [1, 2, 3].flatMap((who) => ['out', 'err'].map((stream) => [`${who} ${stream}`, numbers(count)]));
  expect(lines(files.join(''))).toEqual(Object.fromEntries(expected));
});

test('only so many full files are kept', async () => {
  const exec = script(`for (let i = 0; i < 1000; i += 1) console.log('1 out ' + i + ' ');console.log('end');${LISTEN}`);
  const file = path.join(folder(), 'app.log');
  const app = await start({ exec, count: 1, output: { file, maxSize: 4096, keep: 2 } });
  await until(() => read(file).endsWith('end\n'));
  await app.stop();
  expect(fs.readdirSync(path.dirname(file)).sort()).toEqual(['app.log', 'app.log.1', 'app.log.2']);
});

const COUNTS = `let i = 0; setInterval(() => console.log('1 out ' + i++ + ' '), 1).unref(); ${LISTEN}`;

test('renamed files are begun anew by SIGUSR2 and by reopenLogs(), and no line is lost', async () => {
  const file = path.join(folder(), 'app.log');
  const app = await start({ exec: script(COUNTS), count: 1, output: { file } });
  await until(() => read(file).includes('out 20'));
  fs.renameSync(file, `${file}.old`);
  app.kill('SIGUSR2');
  await until(() => read(file).includes('out'));
  fs.renameSync(file, `${file}.older`);
  const cluster = await connectCluster(app.pid);
  await expect(cluster.reopenLogs()).resolves.toBe(1);
  const done = read(`${file}.older`);
  await until(() => read(file).includes('out'));
  expect(read(`${file}.older`)).toBe(done);
  await app.stop();
  const { '1 out': found, torn } = lines(['.old', '.older', ''].map((end) => read(file + end)).join(''));
  expect(torn).toBeUndefined();
  expect(found).toEqual(numbers(found.length));
});

test("SIGUSR2 is the app's, if it has a listener of its own", async () => {
  const at = folder();
  const start = `
    const { startCluster } = require(${JSON.stringify(root)});
    process.on('SIGUSR2', () => console.log('own'));
    startCluster({ mode: 'production', alone: false, count: 1, exec: './app.js', output: { file: 'app.log' } })
      .then(() => console.log('started'));`;
  const cwd = scripts({ 'start.js': start, 'app.js': COUNTS });
  const app = launch({}, { commandLine: [runtime, 'start.js'], cwd });
  await app.wrote('started');
  const file = path.join(cwd, 'app.log');
  await until(() => read(file).includes('out'));
  fs.renameSync(file, path.join(at, 'moved.log'));
  app.kill('SIGUSR2');
  await app.wrote('own');
  const before = read(path.join(at, 'moved.log'));
  await until(() => read(path.join(at, 'moved.log')).length > before.length);
  expect(fs.existsSync(file)).toBe(false);
});

test('one file per worker and for the alone, which successors and a standby continue', async () => {
  const files = {
    'app.js': `
      console.log('from', process.pid); require('node:http').createServer((q, s) => s.end()).listen(0, () => console.log('listens', process.pid));`,
    'alone.js': "module.exports = () => console.error('the alone');",
  };
  const cwd = scripts(files);
  const config = {
    exec: './app.js',
    alone: './alone.js',
    cwd,
    count: 2,
    standby: 1,
    output: { file: 'logs/{slot}.log' },
  };
  const app = await start(config);
  const [{ id, pid }] = (await app.workers()).filter(({ slot }) => slot === 1);
  const [standby] = await app.event('standby');
  const log = (name) => read(path.join(cwd, `logs/${name}.log`));
  await until(() => log('standby') === `from ${standby.pid}\n`);
  await app.call('worker', id, 'kill', 'SIGKILL');
  await app.event('workerReady', (worker) => worker.pid === standby.pid);
  await until(() => log(1).includes(`listens ${standby.pid}`));
  expect(log(1)).toBe(`from ${pid}\nlistens ${pid}\nlistens ${standby.pid}\n`);
  await until(() => log('alone') === 'the alone\n');
  const { files: listed, keep } = await (await connectCluster(app.pid)).logs();
  expect(keep).toBe(0);
  expect(listed.map(({ path: file, role, slot, stream }) => [path.basename(file), role, slot, stream])).toEqual([
    ['1.log', 'worker', 1, 'all'],
    ['2.log', 'worker', 2, 'all'],
    ['alone.log', 'alone', null, 'all'],
    ['standby.log', 'standby', null, 'all'],
  ]);
});

test("a file for each stream; a stream without one stays the app's", async () => {
  const exec = script(`console.log('out'); console.error('err'); ${LISTEN}`);
  const cwd = folder();
  const one = await start({ exec, cwd, count: 1, output: { outFile: 'out.log', errorFile: 'err.log' } });
  await until(() => read(path.join(cwd, 'out.log')) === 'out\n' && read(path.join(cwd, 'err.log')) === 'err\n');
  expect(one.output).toBe('');
  const other = await start({ exec, cwd, count: 1, output: { errorFile: 'only.log' } });
  await other.wrote('out');
  await until(() => read(path.join(cwd, 'only.log')) === 'err\n');
});

test('a file that cannot be written ends the start', async () => {
  const app = launch({ output: { file: '/dev/null/app.log' } });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({
    code: 'ERR_CONFIG_INVALID',
    message: expect.stringContaining('`output.file` must be a file that can be written'),
  });
});

/** A disk of 64 KiB, if this user may have one. */
function smallDisk() {
  const at = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', at], { stdio: 'ignore' });
    return at;
  } catch {
    return undefined;
  }
}

test('a full disk: workers go on serving, and what was lost is told once and counted', async () => {
  const disk = smallDisk();
  const file = disk ? path.join(disk, 'app.log') : '/dev/full';
  try {
    const exec = script(`
      require('node:http').createServer((request, response) => {
        for (let i = 0; i < 20; i += 1) console.log('x'.repeat(999));
        response.end('served');
      }).listen(0);`);
    const app = await start({ exec, count: 2, output: { file } });
    const port = await app.port();
    const lost = async () => (await app.call('stats')).output.droppedLines;
    const full = async () => {
      await expect(request(port)).resolves.toMatchObject({ status: 200 });
      return lost();
    };
    await until(async () => (await full()) > 100);
    await app.wrote(/WARN output cannot be written.*app\.log|WARN output cannot be written.*full/);
    const { output } = app;
    expect(output.match(/cannot be written/g)).toHaveLength(1);
    await expect((await connectCluster(app.pid)).metrics()).resolves.toMatch(
      /^cluster_native_output_dropped_lines_total \d{3,}$/m,
    );
    const described = await ask('describe', '--pid', app.pid);
    expect(described.stdout).toMatch(/^dropped lines +\d{3,}$/m);
    if (disk) {
      fs.truncateSync(file, 0);
      await until(async () => {
        fs.truncateSync(file, 0);
        await request(port);
        return app.output.includes('written again');
      });
    }
    await app.stop();
    const told = [...app.output.matchAll(/lines=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(app.output.match(/cannot be written/g).length).toBe(app.output.match(/lines=\d+/g).length);
    expect(told).toBeGreaterThan(100);
  } finally {
    if (disk) execFileSync('umount', ['-l', disk]);
  }
});
