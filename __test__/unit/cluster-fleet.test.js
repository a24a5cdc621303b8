'use strict';
// The app's side of a fleet: the engine that is opened for the master, `cluster.fleet`, its events and its lines of the log.

const { execFileSync } = require('node:child_process');
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { inspect } = require('node:util');
const { Fleet, withEngine } = require('../../lib/cluster/fleet');
const { normalize } = require('../../lib/config');
const timers = require('../../lib/real-timers');
const { bindingTarget } = require('../../lib/native/missing');
const { version } = require('../../package.json');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const root = path.join(__dirname, '../..');
const cwd = folder({ 'app.js': '', 'alone.js': '' });
const config = (fleet) => ({ exec: 'app.js', alone: 'alone.js', cwd, mode: 'production', title: 'shop', fleet });
const settings = normalize(config({ url: 'nats://a', host: 'here', credentials: { token: 'TOKEN-SECRET' } })).fleet;

const BINDING = path.join(root, `cluster-native-fleet.${bindingTarget()}.node`);

describe('the engine', () => {
  let open;
  beforeEach(() => {
    open = jest.fn(() => [fs.openSync(__filename), fs.openSync(__filename)]);
    jest.doMock(BINDING, () => ({ openFleet: (...args) => open(...args) }), { virtual: true });
  });

  test('gets what is secret; the master gets its descriptors, and nothing of that', () => {
    const start = jest.fn();
    withEngine(settings, undefined, start);
    const [[{ fd, data, ...told }]] = start.mock.calls;
    expect(told).toEqual({
      host: 'here',
      lease: 15_000,
      onLost: 'stop',
      alone: 'fleet',
      randomWorker: 'fleet',
      start: 'wait',
    });
    expect(JSON.parse(open.mock.calls[0])).toEqual({
      servers: ['nats://a'],
      name: 'shop',
      host: 'here',
      credentials: { token: 'TOKEN-SECRET' },
      lease: 15_000,
      onLost: 'stop',
      alone: 'fleet',
      randomWorker: 'fleet',
    });
    // They are the master's now: still open.
    fs.closeSync(fd);
    fs.closeSync(data);
  });

  test('ends with a master that cannot be started', () => {
    const error = new Error('no thread is left');
    let fds;
    const start = ({ fd, data }) => {
      fds = [fd, data];
      throw error;
    };
    expect(() => withEngine(settings, undefined, start)).toThrow(error);
    for (const fd of fds) expect(() => fs.fstatSync(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  test('that cannot be started: why, without what is secret', () => {
    open.mockImplementation(() => {
      throw new Error('cannot resolve nats://user:PASSWORD-SECRET@a:4222');
    });
    const start = jest.fn();
    let thrown;
    try {
      withEngine(settings, undefined, start);
    } catch (error) {
      thrown = error;
    }
    expect(thrown.message).toBe('the engine of the fleet could not be started: cannot resolve nats://a:4222');
    expect(thrown.cause).toBeUndefined();
    expect(start).not.toHaveBeenCalled();
  });
});

describe('cluster.fleet', () => {
  let cluster, stats, master, lines, log, fleet;
  const another = (host) => ({ host, workers: 2, version: '1.0.0', startedAt: 5, draining: false });
  afterEach(() => fleet.close());
  beforeEach(() => {
    cluster = Object.assign(new EventEmitter(), { stats: () => stats });
    stats = { workers: { listening: 0 }, startedAt: 7 };
    master = { fleetMove: jest.fn(), fleetDrain: jest.fn(), fleetResume: jest.fn() };
    lines = [];
    log = Object.fromEntries(
      ['error', 'warn', 'info'].map((level) => [level, (...line) => lines.push([level, ...line])]),
    );
    fleet = new Fleet(cluster, settings, master, log);
  });

  test('at first', () => {
    expect(fleet.face.toJSON()).toEqual({
      name: 'shop',
      host: 'here',
      connected: false,
      alone: null,
      randomWorker: null,
      members: [{ host: 'here', workers: 0, version, startedAt: 7, draining: false, self: true }],
    });
  });

  test('what is printed of it is what it tells', () => {
    fleet.fleetHolder({ host: 'there', ready: true });
    fleet.fleetRandomWorkerHolder({ host: 'here', ready: false });
    const told = JSON.parse(JSON.stringify(fleet.face));
    expect(told).toMatchObject({ alone: { host: 'there', ready: true }, randomWorker: { host: 'here', ready: false } });
    expect(inspect(fleet.face)).toBe(`ClusterFleet ${inspect(told)}`);
    expect(inspect({ fleet: fleet.face })).toContain("host: 'here'");
  });

  test('hosts that join and leave; what is new about one of them is no event', () => {
    const heard = [];
    for (const name of ['hostJoin', 'hostLeave']) cluster.on(name, (told) => heard.push([name, told]));
    const about = another('b');
    fleet.hostJoined({ kind: 'hostJoined', ...about });
    fleet.hostJoined({ kind: 'hostJoined', ...about, host: 'zoo' });
    fleet.hostJoined({ kind: 'hostJoined', ...about, workers: 3, draining: true });
    stats.workers.listening = 1;
    fleet.fleetDraining({ kind: 'fleetDraining', draining: true });
    expect(fleet.face.members()).toEqual([
      { ...about, workers: 3, draining: true, self: false },
      { host: 'here', workers: 1, version, startedAt: 7, draining: true, self: true },
      { ...about, host: 'zoo', self: false },
    ]);
    fleet.hostLeft({ kind: 'hostLeft', host: 'b', reason: 'silent' });
    fleet.hostLeft({ kind: 'hostLeft', host: 'zoo', reason: 'closed' });
    expect(fleet.face.members()).toHaveLength(1);
    expect(heard).toEqual([
      ['hostJoin', about],
      ['hostJoin', { ...about, host: 'zoo' }],
      ['hostLeave', { host: 'b', reason: 'silent' }],
      ['hostLeave', { host: 'zoo', reason: 'closed' }],
    ]);
    expect(lines.map(([level, text]) => [level, text])).toEqual([
      ['info', 'a host has joined the fleet'],
      ['info', 'a host has joined the fleet'],
      ['info', 'this host takes neither the alone nor the random worker any more'],
      ['warn', 'a host has left the fleet'],
      ['info', 'a host has left the fleet'],
    ]);
  });

  test('messages of another host were lost', () => {
    const heard = jest.fn();
    cluster.on('fleetMissed', heard);
    fleet.fleetMissed({ kind: 'fleetMissed', host: 'b', count: 7 });
    expect(heard.mock.calls).toEqual([[{ host: 'b', count: 7 }]]);
    expect(lines).toEqual([['warn', 'messages of another host were lost on their way', { host: 'b', count: 7 }]]);
  });

  test('a start that waits for the alone says so; no start that does not wait for one', () => {
    const text = "waiting for the fleet's alone before the workers are forked";
    // Held back until the test calls it; cleared as usual.
    const due = new Set();
    jest.spyOn(timers, 'setTimeout').mockImplementation((callback) => {
      due.add(callback);
      return { callback, unref: () => callback };
    });
    jest.spyOn(timers, 'clearTimeout').mockImplementation((callback) => due.delete(callback));
    const started = (of) => new Fleet(cluster, { ...settings, ...of }, master, log);
    for (const of of [{ alone: 'host' }, { start: 'serve' }]) started(of);
    started({}).fleetHolder({ host: 'here', ready: true });
    started({}).close();
    expect(due.size).toBe(0);
    started({}).fleetHolder({ host: 'there', ready: false });
    lines.length = 0;
    for (const callback of due) callback();
    expect(lines).toEqual([['warn', text, { connected: false, host: 'there' }]]);
    jest.restoreAllMocks();
  });

  test.each([['alone'], ['randomWorker']])('events: this host has the %s, and has it no more', (of) => {
    const [acquired, lost] = [`${of}Acquired`, `${of}Lost`];
    const heard = [];
    for (const name of [acquired, lost]) cluster.on(name, (told) => heard.push([name, told]));
    fleet[acquired]({ kind: acquired, token: '7.1' });
    for (const reason of ['moved', 'expired', 'taken']) fleet[lost]({ kind: lost, reason });
    expect(heard).toEqual([
      [acquired, { token: '7.1' }],
      [lost, { reason: 'moved' }],
      [lost, { reason: 'expired' }],
      [lost, { reason: 'taken' }],
    ]);
    expect(lines.map(([level]) => level)).toEqual(['info', 'info', 'warn', 'warn']);
  });

  test.each([
    ['alone', 'its alone runs on, and another host may start one', 'the alone'],
    ['randomWorker', 'its random worker runs on, and another host may choose one', 'the random worker'],
  ])("with onLost: 'keep' the %s only runs on after its lease", (of, runsOn, what) => {
    const keeping = new Fleet(cluster, { ...settings, onLost: 'keep' }, master, log);
    for (const reason of ['expired', 'taken']) keeping[`${of}Lost`]({ kind: `${of}Lost`, reason });
    keeping.close();
    expect(lines).toEqual([
      ['warn', `the lease of this host is over: ${runsOn}`, { reason: 'expired' }],
      ['warn', `this host no longer has ${what} of the fleet`, { reason: 'taken' }],
    ]);
  });

  test('what it is told to do goes to the master', () => {
    fleet.hostJoined({ kind: 'hostJoined', ...another('there') });
    fleet.face.move();
    fleet.face.move('there');
    fleet.face.move('here');
    fleet.face.drain();
    fleet.face.resume();
    expect(master.fleetMove.mock.calls).toEqual([[null], ['there'], ['here']]);
    expect([master.fleetDrain.mock.calls, master.fleetResume.mock.calls]).toEqual([[[]], [[]]]);
  });

  test.each([[''], [5], [null], [{}]])('move(%j) is refused', (to) => {
    expect(() => fleet.face.move(to)).toThrow(expect.objectContaining({ code: 'ERR_FLEET_INVALID' }));
    expect(master.fleetMove).not.toHaveBeenCalled();
  });

  test.each([['typo'], ['h'.repeat(251)]])('move() to a host that is not there is refused: %s', (to) => {
    fleet.hostJoined({ kind: 'hostJoined', ...another('there') });
    const message = `fleet.move(): the fleet has no host '${to}'. There are: here, there.`;
    expect(() => fleet.face.move(to)).toThrow(expect.objectContaining({ code: 'ERR_FLEET_INVALID', message }));
    expect(master.fleetMove).not.toHaveBeenCalled();
  });

  test('when the cluster is closed', () => {
    fleet.fleetConnected({ server: 'nats://a' });
    fleet.fleetHolder({ host: 'there', ready: true });
    fleet.close();
    const { name, connected, alone } = fleet.face;
    expect({ name, connected, alone }).toEqual({ name: 'shop', connected: false, alone: null });
    expect(fleet.face.members()).toEqual([]);
    for (const order of ['move', 'drain', 'resume'])
      expect(() => fleet.face[order]()).toThrow(expect.objectContaining({ code: 'ERR_NOT_RUNNING' }));
  });
});

test('a cluster without a fleet loads nothing of it', () => {
  const code = `
    require(${JSON.stringify(root)}).startCluster({ exec: 'app.js', alone: false, ready: 'online', count: 1 }).then(async (cluster) => {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      await cluster.close();
      console.log(JSON.stringify([cluster.fleet, Object.keys(require.cache)]));
    });`;
  const place = folder({ 'app.js': 'process.on("message", () => {})' });
  const env = { ...process.env, NODE_ENV: 'production' };
  const [face, loaded] = JSON.parse(
    execFileSync(process.execPath, ['-e', code], { cwd: place, env, encoding: 'utf8' }),
  );
  expect(face).toBeNull();
  expect(loaded).toContain(path.join(root, 'lib/cluster/later.js'));
  expect(loaded.filter((name) => path.relative(root, name).includes('fleet'))).toEqual([]);
});
