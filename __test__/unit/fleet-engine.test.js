'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { bindingFile, openFleet } = require('../../lib/native/fleet-engine');

const FLEET = {
  servers: ['nats://127.0.0.1:4222'],
  name: 'shop',
  host: 'a',
  lease: 15000,
  onLost: 'stop',
  alone: 'fleet',
};

test('the engine is told what concerns it, and no more', () => {
  const told = [];
  const engine = {
    openFleet(json) {
      told.push(JSON.parse(json));
      return 7;
    },
  };
  const credentials = { user: 'u', password: 'p' };
  expect(openFleet({ ...FLEET, credentials, start: 'wait' }, engine)).toBe(7);
  expect(told).toEqual([{ ...FLEET, credentials }]);
});

test('what the engine does not understand is an error of the configuration', () => {
  const refuse = (code) => ({
    openFleet() {
      throw Object.assign(new Error('`fleet.name` is too long'), { code });
    },
  });
  const invalid = expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: '`fleet.name` is too long' });
  expect(() => openFleet(FLEET, refuse('InvalidArg'))).toThrow(invalid);
  expect(() => openFleet(FLEET, refuse('GenericFailure'))).toThrow(expect.objectContaining({ code: 'GenericFailure' }));
});

test('without a binding the error says what was looked for, and how to get one', () => {
  jest.isolateModules(() => {
    jest.doMock('../../lib/native/missing', () => ({
      ...jest.requireActual('../../lib/native/missing'),
      bindingTarget: () => 'plan9-x64',
    }));
    const engine = require('../../lib/native/fleet-engine');
    const missing = (file) =>
      expect.objectContaining({ code: 'ERR_FLEET_MISSING', message: expect.stringContaining(file) });
    expect(() => engine.openFleet(FLEET)).toThrow(missing(path.join('cluster-native-fleet.plan9-x64.node')));
    expect(() => engine.openFleet(FLEET)).toThrow(missing('@yunflyjs/cluster-native-fleet-plan9-x64'));
    expect(() => engine.openFleet(FLEET)).toThrow(missing('`npm run build:fleet`'));
  });
});

test('git and npm leave out what a clone builds', () => {
  const root = path.join(__dirname, '../..');
  const ignored = fs.readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n');
  expect(ignored).toContain('*.node');
  expect(bindingFile()).toMatch(/^cluster-native-fleet\.[\w-]+\.node$/);
  expect(require('../../package.json').files).toContain('!cluster-native-fleet.*.node');
});
