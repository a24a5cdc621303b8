'use strict';
// The second native binding is missing: the start says what was tried and what to do.

const fs = require('node:fs');
const { bindingFile, openFleet } = require('../../lib/native/fleet-engine');
const { bindingTarget } = require('../../lib/native/missing');
const { createCluster } = require('../..');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const BINDING = path.join(__dirname, `../../cluster-native-fleet.${bindingTarget()}.node`);
const cwd = folder({ 'app.js': '', 'alone.js': '' });

test.each([
  [
    'there is none',
    () => {
      throw new Error("Cannot find module 'x'");
    },
    "Cannot find module 'x'",
  ],
  [
    'it does not load',
    () => {
      throw new Error('GLIBC_2.99 not found\n  more');
    },
    'GLIBC_2.99 not found\n',
  ],
])('%s', async (_what, load, reason) => {
  jest.doMock(BINDING, load, { virtual: true });
  const cluster = createCluster({
    exec: 'app.js',
    alone: 'alone.js',
    cwd,
    mode: 'production',
    fleet: { url: 'nats://a' },
  });
  const events = [];
  for (const name of ['fork', 'close']) cluster.on(name, () => events.push(name));
  const error = await cluster.start().catch((thrown) => thrown);
  jest.dontMock(BINDING);
  expect(error.code).toBe('ERR_FLEET_MISSING');
  expect(error.message).toContain(`- ${reason}`);
  expect(error.message).toContain(`'@yunflyjs/cluster-native-fleet-${bindingTarget()}'`);
  expect(error.message).toMatch(/, or leave `fleet` out\.$/);
  expect(events).toEqual(['close']);
  expect(cluster.fleet).toBeNull();
});

describe("the app's own package, where only the app finds it", () => {
  const name = `@yunflyjs/cluster-native-fleet-${bindingTarget()}`;

  /** As that of an app which has it in this version, in the folder that `where` makes the app's. */
  function openIn(version, where = (app) => jest.spyOn(process, 'cwd').mockReturnValue(app)) {
    const app = folder({ 'package.json': '{}' });
    const place = path.join(app, 'node_modules', name);
    fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify({ name, version }));
    fs.writeFileSync(path.join(place, 'index.js'), 'exports.openFleet = () => [7, 8];');
    where?.(app);
    const none = () => {
      throw new Error('none here');
    };
    jest.doMock(BINDING, none, { virtual: true });
    try {
      return openFleet({}, where ? undefined : app);
    } finally {
      jest.dontMock(BINDING);
      jest.restoreAllMocks();
    }
  }

  const started = (app) => jest.replaceProperty(process, 'argv', [process.execPath, path.join(app, 'start.js')]);

  test.each([
    ['the one that it was started from', undefined],
    // It is given.
    ["the cluster's", null],
    ["that of the app's script", started],
  ])('is taken from this folder: %s', (_which, where) => {
    expect(openIn(require('../../package.json').version, where)).toEqual([7, 8]);
  });

  test('of another version is not', () => {
    const missing = { code: 'ERR_FLEET_MISSING', message: expect.stringContaining('has the version 0.0.0') };
    expect(() => openIn('0.0.0')).toThrow(expect.objectContaining(missing));
  });
});

test('what the engine does not understand is an error of the configuration', () => {
  const refusal = Object.assign(new Error('`fleet.name` is too long'), { code: 'InvalidArg' });
  const openAny = () => {
    throw refusal;
  };
  jest.doMock(BINDING, () => ({ openFleet: openAny }), { virtual: true });
  const invalid = expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: '`fleet.name` is too long' });
  expect(() => openFleet({})).toThrow(invalid);
  refusal.code = 'GenericFailure';
  expect(() => openFleet({})).toThrow(refusal);
  jest.dontMock(BINDING);
});

test('git and npm leave out what a clone builds', () => {
  const root = path.join(__dirname, '../..');
  expect(fs.readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n')).toContain('*.node');
  expect(bindingFile()).toMatch(/^cluster-native-fleet\.[\w-]+\.node$/);
  expect(require('../../package.json').files).toContain('!cluster-native-fleet.*.node');
});
