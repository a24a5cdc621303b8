'use strict';
// More handles than their receiver takes: they wait with their sender, and the app has descriptors left for its own work.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { start, fixture } = require('../support/cluster');
const { folder } = require('../support/files');

const TOTAL = 600;
const MOST = 256;

/** prlimit(1) is Linux's. */
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'handles to an app that stands still wait in their worker; meanwhile another worker is replaced, and then all arrive',
  async () => {
    const app = await start({ count: 2, exec: fixture('workers/handing.js') }, { script: fixture('handed-app.js') });
    const [worker, victim] = await app.workers();
    execFileSync('prlimit', ['--pid', String(app.pid), `--nofile=${MOST}:`]);
    await app.call('countHandles', TOTAL);
    const file = path.join(folder(), 'go-on');
    const blocked = app.call('blockUntil', file);
    await app.event('blocking');
    // The app's JavaScript can tell the worker nothing just now.
    process.kill(worker.pid, 'SIGUSR2');
    await app.report('handing');
    process.kill(victim.pid, 'SIGKILL');
    await app.reported('up', 3);
    expect(app.events('blocked')).toEqual([]);
    fs.writeFileSync(file, '');
    await blocked;
    const [counts] = await app.event('handed');
    expect(counts).toEqual({ handles: TOTAL, without: 0 });
    expect(app.events('undeliverable')).toEqual([]);
  },
);
