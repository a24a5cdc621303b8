'use strict';

const { execFile, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { test } = require('../support/at-once');
const { start, startNodeCluster, fixture, runtime } = require('../support/cluster');
const { requests } = require('../support/client');
const { folder } = require('../support/files');

const major = Number(spawnSync(runtime, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.split('.')[0]);
const config = (options) => ({ exec: fixture('workers/listen.js'), args: [JSON.stringify(options)] });
const listen = (options, spawnOptions) => start(config(options), spawnOptions);

async function expectBothAnswer(app, socketPath) {
  const answers = await requests(undefined, 40, 8, '/', { socketPath });
  expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set((await app.workers()).map(({ pid }) => pid)));
}

/** Under node:cluster and under ours the workers get the same error; resolves with it. */
async function compareErrors(options, spawnOptions) {
  const node = await startNodeCluster(config(options), spawnOptions);
  const [expected, ...others] = (await node.reported('listenError', 2)).map(({ error }) => error);
  expect(others).toEqual([expected]);
  await node.stop();
  const app = await listen(options, spawnOptions);
  expect((await app.reported('listenError', 2)).map(({ error }) => error)).toEqual([expected, expected]);
  return expected;
}

test('all workers answer at it, know its address as under node:cluster, and the file is gone after close()', async () => {
  const [theirs, file] = ['theirs', 'ours'].map((name) => path.join(folder(), name));
  const addresses = async (app) => [
    ...(await app.reported('listening', 2)).map(({ address }) => address),
    ...app.events('listening').map(([, address]) => address),
  ];
  const node = await startNodeCluster(config({ path: theirs }));
  const app = await listen({ path: file });
  const named = JSON.stringify(await addresses(node)).replaceAll(theirs, file);
  expect(await addresses(app)).toEqual(JSON.parse(named));
  await expectBothAnswer(app, file);
  await app.call('close');
  expect(fs.existsSync(file)).toBe(false);
});

test('it outlives a worker that is killed', async () => {
  const file = path.join(folder(), 'socket');
  const app = await listen({ path: file });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
  await expectBothAnswer(app, file);
});

test.each([
  [{}, 0],
  [{ readableAll: true }, 0o444],
  [{ readableAll: 1 }, 0o444],
  [{ writableAll: true }, 0o222],
  [{ readableAll: true, writableAll: true }, 0o666],
])('%j: who else may connect is as under node:cluster', async (access, asked) => {
  const [theirs, ours] = ['theirs', 'ours'].map((name) => path.join(folder(), name));
  const node = await startNodeCluster(config({ path: theirs, ...access }));
  await node.reported('listening', 2);
  const app = await listen({ path: ours, ...access });
  await app.reported('listening', 2);
  const [expected, mode] = [theirs, ours].map((file) => fs.statSync(file).mode);
  // To connect is to write.
  expect(mode & 0o022).toBe(expected & 0o022);
  expect(mode & asked).toBe(asked);
  // What the owner may is not taken away for it, as Node 18 to 24 have it (libuv 1.52 replaces the mode).
  expect(mode & 0o700).toBe(0o700);
});

test('an instance that ends later does not remove the file of the next one, nor what else has its place', async () => {
  const file = path.join(folder(), 'socket');
  const first = await listen({ path: file });
  // As an app does that finds its file in the way.
  fs.unlinkSync(file);
  const second = await listen({ path: file });
  await first.stop();
  await expectBothAnswer(second, file);
  fs.unlinkSync(file);
  fs.writeFileSync(file, 'a file');
  await second.stop();
  expect(fs.readFileSync(file, 'utf8')).toBe('a file');
});

test('a file that a dead process left there: EADDRINUSE, and it stays', async () => {
  const file = path.join(folder(), 'socket');
  spawnSync(runtime, [
    '-e',
    `net.createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(fs.statSync(file).isSocket()).toBe(true);
  await expect(compareErrors({ path: file })).resolves.toMatchObject({ code: 'EADDRINUSE' });
  expect(fs.existsSync(file)).toBe(true);
});

test('a second instance: EADDRINUSE, and the first goes on', async () => {
  const file = path.join(folder(), 'socket');
  const first = await listen({ path: file });
  const second = await listen({ path: file });
  const errors = (await second.reported('listenError', 2)).map(({ error }) => error.code);
  expect(errors).toEqual(['EADDRINUSE', 'EADDRINUSE']);
  await second.call('close');
  await expectBothAnswer(first, file);
});

test('a folder that is not there: the error of node:cluster', async () => {
  await compareErrors({ path: path.join(folder(), 'nowhere', 'socket') });
});

describe('paths that do not fit into the ~100 bytes of a socket address', () => {
  /** A folder with a long path, and a short link to it. */
  function deepFolder() {
    const short = folder();
    const deep = path.join(short, 'd'.repeat(60), 'e'.repeat(60));
    fs.mkdirSync(deep, { recursive: true });
    fs.symlinkSync(deep, path.join(short, 'l'));
    return { deep, link: path.join(short, 'l') };
  }

  test('short from where the app is: it works', async () => {
    const { deep, link } = deepFolder();
    const app = await listen({ path: path.join(deep, 'socket') }, { cwd: deep });
    await app.reported('listening', 2);
    await expectBothAnswer(app, path.join(link, 'socket'));
    await app.call('close');
    expect(fs.existsSync(path.join(deep, 'socket'))).toBe(false);
  });

  test('short from a neighbouring folder: it works as under node:cluster', async () => {
    const { deep, link } = deepFolder();
    const cwd = path.join(deep, 'neighbour');
    fs.mkdirSync(cwd);
    for (const [begin, name] of [
      [startNodeCluster, 'theirs'],
      [start, 'ours'],
    ]) {
      const app = await begin(config({ path: path.join(deep, name) }), { cwd });
      await app.event('report', () => app.reports('listening').length + app.reports('listenError').length === 2);
      expect(app.reports('listenError')).toEqual([]);
      expect((await requests(undefined, 1, 1, '/', { socketPath: path.join(link, name) }))[0].status).toBe(200);
    }
  });

  test('a relative one, as the worker says it', async () => {
    const { deep, link } = deepFolder();
    const app = await listen({ path: './socket' }, { cwd: deep });
    await app.reported('listening', 2);
    await expectBothAnswer(app, path.join(link, 'socket'));
  });

  test('too long in every way: the worker gets an error, that of node:cluster where it has one', async () => {
    const options = { path: path.join(folder(), 'x'.repeat(150)) };
    const app = await listen(options);
    const errors = (await app.reported('listenError', 2)).map(({ error }) => error);
    expect(errors[0]).toMatchObject({ syscall: 'bind', address: options.path });
    expect(errors[1]).toEqual(errors[0]);
    // Older ones cut the path and listen somewhere else.
    const node = await startNodeCluster(config(options));
    const [{ kind, error }] = await node.event('report');
    if (kind === 'listenError') expect(errors[0]).toEqual(error);
  });
});

/** What a server at `socketPath` answers to a client of the same Node as the workers: each has its own way of writing
 *  abstract names. */
async function askAt(socketPath) {
  const client = `require('node:http').get({ socketPath: ${JSON.stringify(socketPath)} }, (incoming) => incoming.pipe(process.stdout))`;
  const { stdout, stderr } = await promisify(execFile)(runtime, ['-e', client]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

// For Node 18 every such name is the same one; Node 20's libuv fills names up with zeros, in servers and clients.
if (process.platform === 'linux' && major >= 22) {
  test("Linux's abstract names, as node:cluster has them", async () => {
    const name = `\0cluster-native-${process.pid}`;
    const node = await startNodeCluster(config({ path: name }));
    await node.reported('listening', 2);
    await askAt(name); // node:cluster can
    await node.stop();
    const app = await listen({ path: name });
    await app.reported('listening', 2);
    expect((await app.workers()).map(({ pid }) => pid)).toContain((await askAt(name)).pid);
  });
}
