'use strict';
// The app's side of a fleet: the engine that is opened for the master, `cluster.fleet`, its events and its lines of the log.

const { execFileSync } = require('node:child_process');
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Fleet, withEngine } = require('../../lib/cluster/fleet');
const { normalize } = require('../../lib/config');
const { bindingTarget } = require('../../lib/native/missing');
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
    withEngine(settings, start);
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
    expect(() => withEngine(settings, start)).toThrow(error);
    for (const fd of fds) expect(() => fs.fstatSync(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  test('that cannot be started: why, without what is secret', () => {
    open.mockImplementation(() => {
      throw new Error('cannot resolve nats://user:PASSWORD-SECRET@a:4222');
    });
    const start = jest.fn();
    let thrown;
    try {
      withEngine(settings, start);
    } catch (error) {
      thrown = error;
    }
    expect(thrown.message).toBe('the engine of the fleet could not be started: cannot resolve nats://a:4222');
    expect(thrown.cause).toBeUndefined();
    expect(start).not.toHaveBeenCalled();
  });
});

describe('cluster.fleet', () => {
  let cluster, master, lines, fleet;
  beforeEach(() => {
    cluster = new EventEmitter();
    master = { fleetMove: jest.fn(), fleetDrain: jest.fn(), fleetResume: jest.fn() };
    lines = [];
    const log = Object.fromEntries(
      ['error', 'warn', 'info'].map((level) => [level, (...line) => lines.push([level, ...line])]),
    );
    fleet = new Fleet(cluster, settings, master, log);
  });

  test('at first', () => {
    const { name, host, connected, alone } = fleet.face;
    expect({ name, host, connected, alone }).toEqual({ name: 'shop', host: 'here', connected: false, alone: null });
  });

  test('whether it is connected; the log says so', () => {
    fleet.fleetConnected({ server: 'nats://user:SECRET@a:4222' });
    expect(fleet.face.connected).toBe(true);
    fleet.fleetDisconnected({ error: 'nats://user:SECRET@a:4222: reset' });
    expect(fleet.face.connected).toBe(false);
    fleet.fleetWarned({ message: 'sync_interval of tls://token@a is 2m' });
    expect(lines).toEqual([
      ['info', 'connected to the fleet', { server: 'nats://a:4222' }],
      ['warn', 'not connected to the fleet', { error: 'nats://a:4222: reset' }],
      ['warn', 'sync_interval of tls://a is 2m'],
    ]);
  });

  test.each([
    ['ERR_FLEET_CREDENTIALS', 'Set or correct `fleet.credentials`.'],
    ['ERR_FLEET_TLS', 'Correct `fleet.tls`, or the certificate of the server.'],
    ['ERR_FLEET_JETSTREAM', 'Start the servers with JetStream, and let this user use it.'],
  ])('refused: %s', (code, remedy) => {
    fleet.fleetConnected({ server: 'nats://a' });
    fleet.fleetRefused({ code, message: 'authorization violation' });
    expect(fleet.face.connected).toBe(false);
    expect(lines[1]).toEqual(['error', `the fleet refuses this host: authorization violation. ${remedy}`, { code }]);
    expect(fleet.explain({ code, message: 'refused by nats://user:SECRET@a', kind: 'exception' })).toEqual({
      kind: 'exception',
      code,
      message: `refused by nats://a. ${remedy}`,
    });
  });

  test('another end of the cluster is told as it is', () => {
    const event = { kind: 'exception', code: 'ERR_NO_WORKERS', message: 'sent to me@example.com', failure: {} };
    expect(fleet.explain(event)).toEqual(event);
  });

  test('who has the alone; the log says so when that changes', () => {
    fleet.fleetHolder({ ready: false });
    expect(fleet.face.alone).toBeNull();
    fleet.fleetHolder({ host: 'there', ready: false });
    fleet.fleetHolder({ host: 'there', ready: true });
    expect(fleet.face.alone).toEqual({ host: 'there', ready: true });
    fleet.fleetHolder({ host: null, ready: false });
    expect(fleet.face.alone).toBeNull();
    expect(lines).toEqual([
      ['info', 'the alone of the fleet', { host: 'there' }],
      ['info', 'the alone of the fleet', { host: null }],
    ]);
  });

  test('what is read of it changes nothing', () => {
    fleet.fleetHolder({ host: 'there', ready: true });
    fleet.face.alone.host = 'elsewhere';
    expect(fleet.face.alone.host).toBe('there');
  });

  test('events: this host has the alone, and has it no more', () => {
    const heard = [];
    for (const name of ['aloneAcquired', 'aloneLost']) cluster.on(name, (told) => heard.push([name, told]));
    fleet.aloneAcquired({ kind: 'aloneAcquired', token: '7.1' });
    for (const reason of ['moved', 'expired', 'taken']) fleet.aloneLost({ kind: 'aloneLost', reason });
    expect(heard).toEqual([
      ['aloneAcquired', { token: '7.1' }],
      ['aloneLost', { reason: 'moved' }],
      ['aloneLost', { reason: 'expired' }],
      ['aloneLost', { reason: 'taken' }],
    ]);
    expect(lines.map(([level]) => level)).toEqual(['info', 'info', 'warn', 'warn']);
  });

  test('what it is told to do goes to the master', () => {
    fleet.face.move();
    fleet.face.move('there');
    fleet.face.drain();
    fleet.face.resume();
    expect(master.fleetMove.mock.calls).toEqual([[null], ['there']]);
    expect([master.fleetDrain.mock.calls, master.fleetResume.mock.calls]).toEqual([[[]], [[]]]);
  });

  test.each([[''], [5], [null], [{}]])('move(%j) is refused', (to) => {
    expect(() => fleet.face.move(to)).toThrow(expect.objectContaining({ code: 'ERR_FLEET_INVALID' }));
    expect(master.fleetMove).not.toHaveBeenCalled();
  });

  test('when the cluster is closed', () => {
    fleet.fleetConnected({ server: 'nats://a' });
    fleet.fleetHolder({ host: 'there', ready: true });
    fleet.close();
    const { name, connected, alone } = fleet.face;
    expect({ name, connected, alone }).toEqual({ name: 'shop', connected: false, alone: null });
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
