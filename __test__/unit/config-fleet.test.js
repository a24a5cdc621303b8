'use strict';
// `fleet`: what it may be, what the engine and the master get of it, and that what is secret in it is nowhere else.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { inspect } = require('node:util');
const { createCluster } = require('../..');
const { normalize } = require('../../lib/config');
const { toEngine, toMaster } = require('../../lib/config/fleet');
const { toNativeConfig } = require('../../lib/config/settings');
const { Master } = require('../../lib/native/addon');
const { translate } = require('../../lib/yunfly/options');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const cwd = folder({
  'app.js': '',
  'alone.js': '',
  'fleet/ca.pem': '',
  'fleet/cert.pem': '',
  'fleet/key.pem': 'KEY-SECRET',
  'fleet/app.creds': 'CREDS-SECRET',
});
const inFolder = (name) => path.join(cwd, 'fleet', name);

const URL_OF_ONE = 'nats://nats.internal:4222';
const BASE = { exec: 'app.js', cwd, mode: 'production', title: 'shop', alone: 'alone.js' };
const given = (fleet, config) => normalize({ ...BASE, ...config, fleet });
const settings = (fleet, config) => given({ url: URL_OF_ONE, ...fleet }, config).fleet;

/** Everything that is thrown names it so. */
function refusal(fleet, config) {
  try {
    given(fleet, config);
  } catch (error) {
    expect(error.code).toBe('ERR_CONFIG_INVALID');
    expect(error.message).toMatch(/^cluster config: `fleet[\w.[\]]*` /);
    return error.message.slice('cluster config: '.length);
  }
  throw new Error(`accepted: ${inspect(fleet)}`);
}

describe('what it is', () => {
  test('by default', () => {
    expect(settings()).toEqual({
      servers: [URL_OF_ONE],
      name: 'shop',
      host: os.hostname(),
      tls: undefined,
      credentials: undefined,
      alone: 'fleet',
      randomWorker: 'fleet',
      lease: 15_000,
      onLost: 'stop',
      start: 'wait',
    });
  });

  test.each([[undefined], [false]])('%s: there is none', (fleet) => {
    expect(given(fleet).fleet).toBeUndefined();
  });

  test('without an alone each host is for itself', () => {
    expect(settings({}, { alone: false }).alone).toBe('host');
    expect(settings({ alone: 'host' }, { alone: false }).alone).toBe('host');
    expect(settings({ alone: 'host' }).alone).toBe('host');
  });

  test('a cluster that chooses no worker by itself has no share in the one of the fleet', () => {
    expect(settings({}, { randomWorker: false }).randomWorker).toBe('host');
    expect(settings({ randomWorker: 'host' }, { randomWorker: false }).randomWorker).toBe('host');
    expect(settings({ randomWorker: 'host' }).randomWorker).toBe('host');
    expect(settings({}, { randomWorker: 'process', alone: false }).randomWorker).toBe('fleet');
    expect(refusal({ url: URL_OF_ONE, randomWorker: 'fleet' }, { randomWorker: false })).toBe(
      "`fleet.randomWorker` must be 'host' with `randomWorker: false`, but is 'fleet'. Leave one of the two out.",
    );
  });

  test('in development as well', () => {
    expect(settings({}, { mode: 'development', watch: false }).alone).toBe('fleet');
  });

  test('everything, with files that are relative to cwd', () => {
    const tls = { ca: 'fleet/ca.pem', cert: 'fleet/cert.pem', key: inFolder('key.pem') };
    const plain = {
      name: 'shop-eu',
      host: 'a',
      alone: 'fleet',
      randomWorker: 'host',
      lease: 1000,
      onLost: 'keep',
      start: 'serve',
    };
    const servers = ['nats://a.internal', 'tls://10.0.0.1:4222', 'nats://[::1]:4222/'];
    const fleet = { servers, tls, credentials: { file: 'fleet/app.creds' }, ...plain };
    expect(given(fleet).fleet).toEqual({
      servers,
      ...plain,
      tls: { ca: inFolder('ca.pem'), cert: inFolder('cert.pem'), key: inFolder('key.pem') },
      credentials: { file: inFolder('app.creds') },
    });
  });

  test.each([[{ user: 'u', password: 'p' }], [{ token: 't' }], [{ file: undefined, token: 't' }]])(
    'credentials: %j',
    (credentials) => {
      expect(settings({ credentials }).credentials).toEqual(JSON.parse(JSON.stringify(credentials)));
    },
  );

  test.each([
    ['nats://u:p%40:x@a:1', 'nats://a:1', { user: 'u', password: 'p@:x' }],
    ['tls://to%2fken@a', 'tls://a', { token: 'to/ken' }],
    ['nats://a', 'nats://a', undefined],
  ])('credentials in a URL: %s', (url, server, credentials) => {
    const { servers, credentials: settled } = settings({ url });
    expect(servers).toEqual([server]);
    expect(settled).toEqual(credentials);
  });

  test('several URLs have the same credentials', () => {
    const of = (...servers) => settings({ url: undefined, servers });
    expect(of('nats://t@a', 'nats://b').credentials).toEqual({ token: 't' });
    expect(() => of('nats://t@a', 'nats://SECRET@b')).toThrow(/different credentials in its URLs(?!.*SECRET)/);
    expect(() => of('nats://t%zz@a')).toThrow(/a % that is no escape(?!.*zz@)/);
  });

  test('later changes of what was given change nothing', () => {
    const fleet = { servers: [URL_OF_ONE], credentials: { token: 't' }, tls: { ca: 'fleet/ca.pem' } };
    const before = given(fleet);
    fleet.servers.push('nats://evil.example');
    fleet.credentials.token = 'other';
    fleet.tls.ca = 'other';
    expect(before.fleet).toMatchObject({
      servers: [URL_OF_ONE],
      credentials: { token: 't' },
      tls: { ca: inFolder('ca.pem') },
    });
  });
});

describe('who is told', () => {
  const complete = settings({ tls: { ca: 'fleet/ca.pem' }, credentials: { token: 't' }, host: 'a' });

  test('the engine', () => {
    expect(toEngine(complete)).toEqual({
      servers: [URL_OF_ONE],
      name: 'shop',
      host: 'a',
      tls: { ca: inFolder('ca.pem') },
      credentials: { token: 't' },
      lease: 15_000,
      onLost: 'stop',
      alone: 'fleet',
      randomWorker: 'fleet',
    });
  });

  test('the master', () => {
    const shared = { host: 'a', lease: 15_000, onLost: 'stop', alone: 'fleet', randomWorker: 'fleet' };
    expect(toMaster(complete)).toEqual({ ...shared, start: 'wait' });
  });

  test.each([[{}], [{ alone: 'host' }], [{ onLost: 'keep', start: 'serve' }]])('which understands it: %j', (fleet) => {
    const config = (more) => {
      const told = { fd: 0, data: 0, ...toMaster(settings(fleet)), ...more };
      return JSON.stringify({ ...toNativeConfig(given({ url: URL_OF_ONE })), fleet: told });
    };
    const make = (more) => new Master(config(more), () => {});
    // It has the descriptors when it is started.
    expect(() => make()).not.toThrow();
    expect(() => make({ surplus: 1 })).toThrow(/unknown field `surplus`/);
    expect(() => make({ fd: undefined })).toThrow(/missing field `fd`/);
    expect(() => make({ data: undefined })).toThrow(/missing field `data`/);
  });

  test('the alone, that it is one of a fleet; nobody else', () => {
    const boots = (fleet) => {
      const { worker, alone } = toNativeConfig(given(fleet)).launch;
      return [worker, alone].map(({ boot }) => JSON.parse(boot).isFenced);
    };
    expect(boots({ url: URL_OF_ONE })).toEqual([undefined, true]);
    expect(boots({ url: URL_OF_ONE, alone: 'host' })).toEqual([undefined, undefined]);
    expect(boots(undefined)).toEqual([undefined, undefined]);
  });
});

describe('refused, with what to do', () => {
  test.each([
    [5, '`fleet` must be false, or an object with `url` or `servers`, but is a number.'],
    [URL_OF_ONE, '`fleet` must be false, or an object with `url` or `servers`, but is a string.'],
    [true, '`fleet` must be false, or an object with `url` or `servers`, but is a boolean.'],
    [[], '`fleet` must be false, or an object with `url` or `servers`, but is an array.'],
    [{}, '`fleet` has neither `url` nor `servers`. Set `fleet.url` to'],
    [{ url: undefined }, '`fleet` has neither `url` nor `servers`.'],
    [{ url: URL_OF_ONE, servers: [URL_OF_ONE] }, '`fleet` has both `url` and `servers`. Leave one out.'],
    [{ servers: URL_OF_ONE }, '`fleet.servers` must be an array of the URLs of NATS servers, but is a string.'],
    [{ servers: [] }, '`fleet.servers` must be an array of the URLs of NATS servers, but is an empty array.'],
    [{ servers: [URL_OF_ONE, 5] }, '`fleet.servers[1]` must be the URL of a NATS server'],
    [{ url: URL_OF_ONE, leese: 5 }, '`fleet.leese` is not a field. Did you mean `fleet.lease`?'],
    [{ url: URL_OF_ONE, redis: 5 }, '`fleet.redis` is not a field. It may have: url, servers, tls, credentials, name'],
  ])('%j', (fleet, message) => {
    expect(refusal(fleet)).toContain(message);
  });

  test.each([
    ['nats.internal:4222'],
    ['http://nats.internal'],
    ['ws://nats.internal'],
    ['nats://'],
    ['nats://a:4222,nats://b:4222'],
    ['nats://a,b'],
    ['nats://a:99999'],
    ['nats://a/path'],
    ['nats://a b'],
    [' nats://a'],
    ['nats://a '],
    ['http://[::1]:4222/path'],
    [''],
  ])("url: '%s'", (url) => {
    const message = refusal({ url });
    expect(message).toContain("`fleet.url` must be the URL of a NATS server, such as 'nats://nats.internal:4222'");
    expect(message).toContain(`but is '${url}'.`);
  });

  test.each([
    ['lease', [999, 1.5, '15s', null, Infinity], 'an integer from 1000 to 2147483647 (milliseconds)'],
    ['name', ['', 5, 'a\nb', null], 'a non-empty string without control characters, such as line breaks'],
    [
      'host',
      ['', 5, 'a\0b', null, 'é'.repeat(126)],
      'a non-empty string without control characters, such as line breaks, of at most 250 bytes',
    ],
    ['alone', ['all', true, null], "'fleet' or 'host'"],
    ['randomWorker', ['all', false, null], "'fleet' or 'host'"],
    ['onLost', ['end', false, null], "'stop' or 'keep'"],
    ['start', ['now', false, null], "'wait' or 'serve'"],
  ])('%s', (name, values, allowed) => {
    for (const value of values) {
      expect(refusal({ url: URL_OF_ONE, [name]: value })).toMatch(`\`fleet.${name}\` must be ${allowed}, but is `);
    }
  });

  test("the fleet's alone, where there is none", () => {
    expect(refusal({ url: URL_OF_ONE, alone: 'fleet' }, { alone: false })).toBe(
      "`fleet.alone` must be 'host' where the cluster has no alone, but is 'fleet'. Set `alone` to its script, or leave `fleet.alone` out.",
    );
  });

  test.each([
    ['a text', '`fleet.tls` must be { ca, cert, key }, each the path of a file, but is a string.'],
    [{ pem: 'a' }, '`fleet.tls.pem` is not a field.'],
    [{ cert: 'fleet/cert.pem' }, '`fleet.tls` has `cert`, but no `key`. Set both, or leave both out.'],
    [{ key: 'fleet/key.pem' }, '`fleet.tls` has `key`, but no `cert`. Set both, or leave both out.'],
    [{ ca: 5 }, '`fleet.tls.ca` must be the path of a file that this user can read, but is a number.'],
    [{ ca: 'fleet' }, `but is 'fleet'. ${path.join(cwd, 'fleet')} is not a file.`],
    [
      { ca: 'no.pem' },
      `but is 'no.pem'. ENOENT: no such file or directory, access '${path.join(cwd, 'no.pem')}'; relative`,
    ],
  ])('tls: %j', (tls, message) => {
    expect(refusal({ url: URL_OF_ONE, tls })).toContain(message);
  });

  test.each([
    ['a text', 'but is a string.'],
    [{}, 'but is one where each is undefined. Give one of these forms. A variable of the environment may be missing.'],
    [{ token: undefined }, 'but is one where each is undefined.'],
    [{ user: 'u' }, 'but is { user }.'],
    [{ user: 'u', password: undefined }, 'but is { user }.'],
    [{ token: 't', file: 'fleet/app.creds' }, 'but is { file, token }.'],
    [{ user: 'u', password: 'p', token: 't' }, 'but is { user, password, token }.'],
  ])('credentials: %j', (credentials, message) => {
    const all = refusal({ url: URL_OF_ONE, credentials });
    expect(all).toContain('`fleet.credentials` must be { file }, { user, password } or { token }, ');
    expect(all).toContain(message);
  });

  test('other credentials', () => {
    const of = (credentials, url = URL_OF_ONE) => refusal({ url, credentials });
    expect(of({ pass: 'p' })).toContain('`fleet.credentials.pass` is not a field.');
    expect(of({ token: '' })).toContain(
      '`fleet.credentials.token` must be a non-empty string, but is an empty string.',
    );
    expect(of({ file: 'no.creds' })).toContain(
      '`fleet.credentials.file` must be the path of a file that this user can read',
    );
    expect(of({ token: 't' }, 'nats://u@a')).toContain('`fleet` has credentials in a URL and in `credentials`.');
  });

  // Root can read everything.
  (process.getuid() === 0 ? test.skip : test)('a file that this user cannot read', () => {
    fs.chmodSync(inFolder('cert.pem'), 0);
    expect(refusal({ url: URL_OF_ONE, tls: { ca: 'fleet/cert.pem' } })).toContain('EACCES');
    fs.chmodSync(inFolder('cert.pem'), 0o644);
  });
});

test('with `enable: false` it has no effect, and a warning says so; what is wrong is told all the same', () => {
  const warning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  expect(settings({}, { enable: false })).toBeUndefined();
  expect(warning.mock.calls).toEqual([
    [expect.stringContaining('`fleet`'), { type: 'ClusterWarning', code: 'CLUSTER_OPTION_IGNORED' }],
  ]);
  warning.mockRestore();
  expect(refusal({}, { enable: false })).toContain('neither');
});

describe('what is secret is shown nowhere', () => {
  const SECRET = 'h/u n@t:e?r#2';

  test.each([
    ['fleet', `nats://user:${SECRET}@a`],
    ['fleet', [SECRET]],
    ['fleet.url', { url: `http://user:${SECRET}@a` }],
    ['fleet.url', { url: `nats://user:${SECRET}@a/path` }],
    ['fleet.url', { url: `user:${SECRET}@a` }],
    ['fleet.url', { url: `nats://a?token=${SECRET}` }],
    ['fleet.url', { url: `nats://user:${SECRET}` }],
    ['fleet.url', { url: 'nats://user:s3cret' }],
    ['fleet.url', { url: 'nats://user:123456' }],
    ['fleet.url', { url: 'user:s3cret' }],
    ['fleet.servers[1]', { servers: ['nats://a', 'nats://b:4222,nats://user:s3cret'] }],
    ['fleet.url', { url: [`nats://user:${SECRET}@a`] }],
    ['fleet.servers', { servers: `nats://user:${SECRET}@a` }],
    ['fleet.servers[0]', { servers: [`nats://user:${SECRET}@a,b`] }],
    ['fleet.credentials', { url: URL_OF_ONE, credentials: SECRET }],
    ['fleet.credentials', { url: URL_OF_ONE, credentials: [SECRET] }],
    ['fleet.credentials', { url: URL_OF_ONE, credentials: { password: SECRET } }],
    ['fleet.credentials.user', { url: URL_OF_ONE, credentials: { user: { SECRET }, password: SECRET } }],
    ['fleet.credentials.password', { url: URL_OF_ONE, credentials: { user: 'u', password: [SECRET] } }],
    ['fleet.credentials.token', { url: URL_OF_ONE, credentials: { token: { SECRET } } }],
    ['fleet.credentials.file', { url: URL_OF_ONE, credentials: { file: { SECRET } } }],
    ['fleet', { url: 'nats://u:x@a', credentials: { token: SECRET } }],
  ])('in an error of `%s`: %j', (field, fleet) => {
    const message = refusal(fleet);
    expect(message).toContain(`\`${field}\``);
    for (const part of [SECRET, 'h/u', 'n@t', 'e?r', '#2', 'SECRET', 'u:x', 's3cret', '123456'])
      expect(message).not.toContain(part);
  });

  const fleet = {
    url: 'nats://nats.internal:4222',
    credentials: { user: 'USER-SECRET', password: 'PASSWORD-SECRET' },
    tls: { cert: 'fleet/cert.pem', key: 'fleet/key.pem' },
  };

  test.each([
    ['user and password', fleet],
    ['a token', { ...fleet, credentials: { token: 'TOKEN-SECRET' } }],
    ['a file', { ...fleet, credentials: { file: 'fleet/app.creds' } }],
    ['in the URL', { ...fleet, url: 'nats://USER-SECRET:PASSWORD-SECRET@nats.internal', credentials: undefined }],
  ])('to the master and to children, %s: whatever the alone gets by default', (_what, secret) => {
    const config = JSON.stringify(toNativeConfig(given(secret)));
    expect(config).not.toContain('SECRET');
    expect(JSON.parse(JSON.parse(config).launch.alone.boot).config).toEqual(BASE);
  });

  test('in the object of the cluster, and in what it tells of itself', () => {
    const cluster = createCluster({ ...BASE, fleet });
    expect(inspect(cluster, { depth: null, showHidden: true, getters: true })).not.toContain('SECRET');
    expect(JSON.stringify([cluster, cluster.stats()])).not.toContain('SECRET');
    expect(cluster.fleet).toBeNull();
  });

  test("to the alone of yunfly's face", () => {
    const { config } = translate({ ...BASE, port: 3000, fleet });
    expect(JSON.stringify(config.aloneConfig)).not.toContain('SECRET');
    expect(config.fleet).toEqual(fleet);
  });
});
