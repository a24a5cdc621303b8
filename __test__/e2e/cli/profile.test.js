'use strict';
// Profiles of one process, which writes them itself.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { connectCluster } = require('../../..');
const { fixture, start } = require('../support/cluster');
const { run } = require('../support/command');
const { ask, askJson } = require('../support/control');
const { folder } = require('../support/files');
const { Load } = require('../support/load');
const { firstOf } = require('../support/position');
const { shared, sharedApp } = require('../support/shared');
const { until } = require('../support/until');

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const names = ({ nodes }) => nodes.map(({ callFrame }) => callFrame.functionName);
const allocating = ({ callFrame, selfSize, children }) => [
  ...(selfSize > 0 ? [callFrame.functionName] : []),
  ...children.flatMap(allocating),
];

const app = sharedApp(() =>
  start({ count: 2, title: 'seen', exec: fixture('workers/spinning.js'), alone: fixture('alone/reporting.js') }),
);
const own = (...args) => ask('profile', ...args, '--pid', app().pid);
const client = () => connectCluster(app().pid);
let base;
beforeAll(() => (base = shared(folder)));
const inFolder = (name) => path.join(base, name);
/** Resolves when the process is at it. */
const begun = (file) => until(() => fs.existsSync(file));

async function workerOf(slot) {
  const all = await app().workers();
  return all.find((worker) => worker.slot === slot && worker.state === 'listening');
}

test.each([
  [['--cpu', '2s'], (profile) => expect(names(profile)).toContain('spinVisibly')],
  [['--heap-sampling', '900ms'], ({ head }) => expect(allocating(head).length).toBeGreaterThan(0)],
  [['--report'], ({ header, javascriptHeap }) => expect(header && javascriptHeap).toBeDefined()],
  [['--heap', '--in-place'], ({ snapshot, strings }) => expect(snapshot.meta && strings).toContain('Held')],
])('%j is written while the process works, for nobody else to read', async ([flag, ...rest], check) => {
  const file = inFolder(flag);
  const { pid } = await workerOf(1);
  const result = await askJson('profile', 1, flag, ...rest, '--output', file, '--pid', app().pid);
  expect(result).toMatchObject({ role: 'worker', slot: 1, pid, file, duration: expect.any(Number) });
  const { size, mode } = fs.statSync(file);
  expect({ size, mode: mode & 0o777 }).toEqual({ size: result.size, mode: 0o600 });
  check(read(file));
  expect((await workerOf(1)).pid).toBe(pid);
});

test('a heap: another worker takes the place first, and no request waits for it or fails', async () => {
  const { pid } = await workerOf(1);
  const file = inFolder('left.heapsnapshot');
  const load = new Load(await app().port(), { atOnce: 8 });
  await load.answered(20);
  const { code, stdout } = await own(1, '--heap', '--output', file);
  expect(stdout).toMatch(new RegExp(`^worker 1 \\(pid ${pid}\\), [\\d.]+ m?s: ${file} \\([\\d.]+ MB\\)\\n$`));
  expect(code).toBe(0);
  await load.answered(20);
  expect((await load.stop()).filter(({ status }) => status !== 200)).toEqual([]);
  const { snapshot, nodes } = read(file);
  expect(snapshot.node_count * snapshot.meta.node_fields.length).toBe(nodes.length);
  const [worker, exitCode] = await app().event('exit', (each) => each.pid === pid);
  expect({ reason: worker.exitReason, exitCode }).toEqual({ reason: 'profile', exitCode: 0 });
  const named = app().history();
  const at = (name, isIt) => firstOf(named, (entry) => entry.name === name && isIt(entry.args[0]));
  const isOther = (each) => each.slot === 1 && each.pid !== pid;
  expect(at('workerReady', isOther)).toBeLessThan(at('exit', (each) => each.pid === pid));
});

test('a request that takes longer than killTimeout does not take the snapshot away', async () => {
  const impatient = await start({ count: 1, killTimeout: 3000, exec: fixture('workers/spinning.js') });
  const slow = new Load(await impatient.port(), { atOnce: 1, path: '/slow?ms=600000' });
  await impatient.report('slow');
  const file = path.join(folder(), 'a.heapsnapshot');
  const cluster = await connectCluster(impatient.pid);
  await expect(cluster.profile(1, { kind: 'heap', file })).resolves.toMatchObject({ slot: 1 });
  expect(read(file).snapshot.meta).toBeDefined();
  const [worker] = await impatient.event('exit');
  expect(worker.exitReason).toBe('killTimeout');
  const stopped = slow.stop();
  await impatient.call('close', { force: true });
  await stopped;
});

test('the alone is not stopped for its heap unless that is wanted', async () => {
  const refused = await own('alone', '--heap', '--output', inFolder('alone'));
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--in-place') });
  await expect(own('alone', '--heap', '--in-place', '--output', inFolder('alone'))).resolves.toMatchObject({ code: 0 });
  expect(read(inFolder('alone')).snapshot.meta).toBeDefined();
});

test('of a worker that dies meanwhile no file is left, and whoever waits is told', async () => {
  const worker = await workerOf(2);
  const file = inFolder('lost');
  const told = (await client()).profile(2, { kind: 'cpu', duration: 60_000, file });
  await begun(file);
  process.kill(worker.pid, 'SIGKILL');
  await expect(told).rejects.toMatchObject({ code: 'ERR_PROFILE_ENDED' });
  await until(() => !fs.existsSync(file));
  await app().event('workerReady', ({ slot }) => slot === 2);
});

test('one process is profiled once at a time; Ctrl-C ends it, and what there is is written', async () => {
  const file = inFolder('ended');
  const shown = run(['profile', '1', '--cpu', '10min', '--output', file, '--pid', String(app().pid)]);
  await begun(file);
  const second = own(1, '--report', '--output', inFolder('second'));
  await expect(second).resolves.toMatchObject({ code: 1, stderr: expect.stringContaining('profiled already') });
  expect(fs.existsSync(inFolder('second'))).toBe(false);
  shown.kill('SIGINT');
  await expect(shown.gone).resolves.toEqual({ code: 0, signal: null });
  expect(shown.output).toContain(file);
  expect(names(read(file))).toContain('(root)');
});

test('if whoever asked is killed, what there is is written as well', async () => {
  const file = inFolder('killed');
  const shown = run(['profile', '1', '--cpu', '10min', '--output', file, '--pid', String(app().pid)]);
  await begun(file);
  shown.kill('SIGKILL');
  await until(() => fs.statSync(file).size > 0);
  expect(names(read(file))).toContain('(root)');
});

test('worker.profile() in the app; a worker that leaves meanwhile writes what there is', async () => {
  const { id, pid } = await workerOf(2);
  const file = inFolder('leaving');
  const profile = app().call('worker', id, 'profile', { kind: 'cpu', duration: 600_000, file });
  await begun(file);
  await (await client()).restart(2);
  const result = await profile;
  expect(result).toMatchObject({ kind: 'cpu', role: 'worker', slot: 2, pid, file });
  expect(result.duration).toBeLessThan(600_000);
  expect(names(read(file))).toContain('(root)');
  await app().event('exit', (worker) => worker.pid === pid);
  await expect(app().call('worker', id, 'profile', { kind: 'cpus' })).rejects.toBeDefined();
});

test('no file is overwritten, and before one can be written nobody is replaced', async () => {
  const { pid } = await workerOf(1);
  const file = inFolder('there');
  fs.writeFileSync(file, 'mine');
  for (const output of [file, '/nowhere/profile']) {
    const refused = await own(1, '--heap', '--output', output);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(output) });
  }
  expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  expect((await workerOf(1)).pid).toBe(pid);
});

test.each([[['--cpu', '10min']], [['--heap']]])(
  'a file that is taken away is told, and none is made in its place: %j',
  async (flags) => {
    const other = await start({ count: 1, exec: fixture('workers/spinning.js') });
    const at = folder();
    const [file, precious] = [path.join(at, 'a.profile'), path.join(at, 'precious')];
    fs.writeFileSync(precious, 'mine');
    const held = http.get({ port: await other.port(), path: '/slow?ms=600000' }).on('error', () => {});
    await other.report('slow');
    const shown = run(['profile', '1', ...flags, '--output', file, '--pid', String(other.pid)]);
    await begun(file);
    fs.unlinkSync(file);
    fs.symlinkSync(precious, file);
    held.destroy();
    if (flags[0] === '--cpu') shown.kill('SIGINT');
    await expect(shown.gone).resolves.toEqual({ code: 1, signal: null });
    expect(shown.output).toContain('was removed before it was written');
    expect(fs.readFileSync(precious, 'utf8')).toBe('mine');
    expect(fs.readlinkSync(file)).toBe(precious);
  },
);

test('a process whose file was removed can be profiled again', async () => {
  const other = await start({ count: 1, exec: fixture('workers/spinning.js') });
  const cluster = await connectCluster(other.pid);
  const file = path.join(folder(), 'a.cpuprofile');
  const lost = cluster.profile(1, { kind: 'cpu', duration: 2000, file });
  await begun(file);
  fs.unlinkSync(file);
  await expect(lost).rejects.toThrow('was removed before it was written');
  await expect(cluster.profile(1, { kind: 'cpu', duration: 200, file })).resolves.toMatchObject({ slot: 1, file });
});

test("a sampling of the process's own is not taken away: it is refused", async () => {
  const files = folder();
  const sampled = await start({ count: 1, execArgv: ['--heap-prof', `--heap-prof-dir=${files}`] });
  const cluster = await connectCluster(sampled.pid);
  const file = path.join(folder(), 'a.heapprofile');
  const told = cluster.profile(1, { kind: 'heapSampling', duration: 100, file });
  await expect(told).rejects.toMatchObject({ code: 'ERR_PROFILE_UNDER_WAY' });
  expect(fs.existsSync(file)).toBe(false);
  await cluster.profile(1, { kind: 'cpu', duration: 100, file });
  await sampled.call('close');
  const [own] = fs.readdirSync(files);
  expect(read(path.join(files, own)).head).toBeDefined();
});

test('one that stands still is not waited for, and writes nothing when it goes on', async () => {
  const worker = await workerOf(2);
  const file = inFolder('late');
  process.kill(worker.pid, 'SIGSTOP');
  const told = (await client()).profile(2, { kind: 'report', file });
  await expect(told).rejects.toMatchObject({ code: 'ERR_PROFILE_UNANSWERED' });
  process.kill(worker.pid, 'SIGCONT');
  const after = await (await client()).profile(2, { kind: 'report', file: inFolder('after') });
  expect(after.pid).toBe(worker.pid);
  expect(fs.existsSync(file)).toBe(false);
});

test.each([
  [['1'], 'Give one of --cpu, --heap, --heap-sampling and --report.'],
  [['1', '--cpu', '--report'], 'Give one of'],
  [['1', '--cpu', '11min'], "takes a duration such as 500ms, 10s or 2min, 10min at most, but got '11min'."],
  [['--cpu'], 'profile needs the slot|alone'],
  [['app', '--cpu'], "takes the number of a slot, or 'alone', but got 'app'."],
])('what is wrong is refused with 2: %j', async (args, message) => {
  const { code, stderr } = await own(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
});

test('where there is nobody: 1', async () => {
  await expect(own(9, '--cpu')).resolves.toMatchObject({ code: 1, stderr: 'cluster-native: Slot 9 has no worker.\n' });
});
