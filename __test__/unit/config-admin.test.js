'use strict';
// `admin`: what it may be, and what the master gets of it.

const { normalize } = require('../../lib/config');
const { toNativeConfig } = require('../../lib/config/settings');
const { Master } = require('../../lib/native/addon');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const cwd = folder({ 'app.js': '' });
const told = (admin) => toNativeConfig(normalize({ exec: 'app.js', cwd, mode: 'production', title: 't', admin }));

const forAll = { page: false, readyWorkers: 1, allowedHosts: [] };

test.each([
  ['a port', 9100, { address: { host: '127.0.0.1', port: 9100 }, ...forAll }],
  ['any free port', 0, { address: { host: '127.0.0.1', port: 0 }, ...forAll }],
  ['the same as an object', { port: 9100 }, { address: { host: '127.0.0.1', port: 9100 }, ...forAll }],
  ['a name', { port: 65_535, host: 'localhost' }, { address: { host: '127.0.0.1', port: 65_535 }, ...forAll }],
  ['IPv6', { port: 9100, host: '::1' }, { address: { host: '::1', port: 9100 }, ...forAll }],
  ['a path', { path: '/run/app/admin.sock' }, { address: { path: '/run/app/admin.sock' }, ...forAll }],
  [
    'for whom',
    { port: 9100, host: '0.0.0.0', page: true, readyWorkers: 3, allowedHosts: ['app', 'metrics.internal'] },
    {
      address: { host: '0.0.0.0', port: 9100 },
      page: true,
      readyWorkers: 3,
      allowedHosts: ['app', 'metrics.internal'],
    },
  ],
  [
    'what is undefined is as if it were not there',
    { port: 9100, path: undefined, host: undefined, page: undefined, readyWorkers: undefined, allowedHosts: undefined },
    { address: { host: '127.0.0.1', port: 9100 }, ...forAll },
  ],
])('%s', (_what, admin, expected) => {
  const config = told(admin);
  expect(config.admin).toEqual(expected);
  // It understands that.
  expect(() => new Master(JSON.stringify(config), () => {})).not.toThrow();
});

test.each([[undefined], [false]])('%s: none', (admin) => {
  expect(told(admin).admin).toBeUndefined();
});

test.each([
  ['no port', [true, '9100', -1, 65_536, 9100.5, NaN, null, [9100], { port: '9100' }, { port: 65_536 }]],
  ['neither a port nor a path', [{}, { host: '127.0.0.1' }]],
  ['both', [{ port: 9100, path: '/run/admin.sock' }]],
  ['a host with a path', [{ path: '/run/admin.sock', host: '127.0.0.1' }]],
  ['no path', [{ path: '' }, { path: 5 }, { path: null }]],
  ['no address', ['app.internal', '', '127.0.0.1:9100', '[::1]', 5, null].map((host) => ({ port: 9100, host }))],
  ['no yes or no', [1, 'yes', null].map((page) => ({ port: 9100, page }))],
  ['no number of workers', [0, -1, 1.5, 1001, '2', null].map((readyWorkers) => ({ port: 9100, readyWorkers }))],
  ['no names', ['app', [''], [5], {}, null].map((allowedHosts) => ({ port: 9100, allowedHosts }))],
  [
    'a field that there is not',
    [
      { port: 9100, allowHosts: ['app'] },
      { port: 9100, address: '0.0.0.0' },
    ],
  ],
])('%s: refused', (_what, values) => {
  for (const admin of values) {
    let error;
    try {
      told(admin);
    } catch (thrown) {
      error = thrown;
    }
    expect({ admin, code: error?.code }).toEqual({ admin, code: 'ERR_CONFIG_INVALID' });
    expect(error.message).toMatch(
      /^cluster config: `admin` must be false, a port, or .+, but is .+\. Correct it, or leave `admin` out for its default\.$/s,
    );
  }
});

test('later changes of what was given change nothing', () => {
  const admin = { port: 9100, allowedHosts: ['app'] };
  const config = normalize({ exec: 'app.js', cwd, mode: 'production', title: 't', admin });
  admin.port = 1;
  admin.allowedHosts.push('evil.example');
  expect(toNativeConfig(config).admin).toMatchObject({ address: { port: 9100 }, allowedHosts: ['app'] });
});
