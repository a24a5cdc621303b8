'use strict';
// examples/systemd. No systemd runs here: the units are read, and `systemd-analyze verify` is asked where there is one. How an app does
// with what systemd passes it is the subject of startup/systemd.test.js and startup/sd-notify.test.js.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { folderOf } = require('../support/examples');

const DEFAULTS = { startTimeout: 60, killTimeout: 25 };

const folder = folderOf('systemd');

/** { section: { key: value } }; a key that comes twice has its last value. */
function unit(name) {
  const sections = fs
    .readFileSync(path.join(folder, name), 'utf8')
    .replace(/^#.*\n/gm, '')
    .split(/^\[(\w+)\]\n/m)
    .slice(1);
  const found = {};
  for (let i = 0; i < sections.length; i += 2) {
    const lines = sections[i + 1].split('\n').filter(Boolean);
    found[sections[i]] = Object.fromEntries(lines.map((line) => /^(\w+)=(.*)$/.exec(line).slice(1)));
  }
  return found;
}

const service = unit('app.service');
const socket = unit('app.socket');

test('the service takes its socket, tells when it is ready, and has time to start and to end', () => {
  expect(service.Unit.Requires.split(' ')).toContain('app.socket');
  expect(socket.Socket).toMatchObject({ ListenStream: '3000' });
  expect(service.Service).toMatchObject({
    Type: 'notify',
    NotifyAccess: 'main',
    KillMode: 'mixed',
    ExecReload: '/bin/kill -HUP $MAINPID',
  });
  expect(Number(service.Service.TimeoutStartSec)).toBeGreaterThan(2 * DEFAULTS.startTimeout);
  expect(Number(service.Service.TimeoutStopSec)).toBeGreaterThan(2 * DEFAULTS.killTimeout);
});

const { error } = spawnSync('systemd-analyze', ['--version']);
(error ? test.skip : test)('systemd-analyze finds nothing wrong with how they are written', () => {
  const { stderr } = spawnSync(
    'systemd-analyze',
    ['verify', ...['app.socket', 'app.service'].map((name) => path.join(folder, name))],
    { encoding: 'utf8' },
  );
  // What is not on this machine (node, the user) is no matter.
  expect(stderr).not.toMatch(/Unknown (key|section|lvalue)|Failed to parse|Invalid/i);
});
