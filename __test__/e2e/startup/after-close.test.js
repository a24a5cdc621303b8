'use strict';
// What is asked for, or comes, when the cluster is closed already.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { fixture, runtime } = require('../support/cluster');
const { scripts } = require('../support/files');

const root = path.join(__dirname, '../../..');
const config = `{ exec: ${JSON.stringify(fixture('workers/http.js'))}, mode: 'production', count: 1, alone: false }`;

/** What an app prints, with `cluster` that was started. */
async function prints(name, source, files = {}) {
  const at = scripts({ [name]: source, ...files });
  const { stdout } = await promisify(execFile)(runtime, [path.join(at, name)], { cwd: at });
  // Without the workers' reports.
  return stdout.split('\n').filter((line) => line && !line.startsWith('@'));
}

const start = (given = config) => `
  import { createRequire } from 'node:module';
  const { createCluster } = createRequire(import.meta.url)(${JSON.stringify(root)});
  const cluster = createCluster(${given});`;

test('a profile of a process that somebody has kept rejects', async () => {
  const source = `${start()}
    await cluster.start();
    const [worker] = cluster.workers.values();
    await cluster.close();
    await worker.profile({ kind: 'report' }).catch(({ code }) => console.log(code));`;
  expect(await prints('app.mjs', source)).toEqual(['ERR_CLOSED']);
});

test('enable: false: a script that is loaded after close() makes nothing ready', async () => {
  const source = `${start("{ exec: './script.mjs', enable: false, mode: 'production' }")}
    for (const name of ['ready', 'close']) cluster.on(name, () => console.log(name));
    cluster.start().catch(({ code }) => console.log(code));
    await new Promise((resolve) => (globalThis.loading = resolve));
    cluster.close();
    globalThis.goOn();
    await new Promise((resolve) => (globalThis.loaded = resolve));
    setImmediate(() => console.log('end'));`;
  const script = `
    const goOn = new Promise((resolve) => (globalThis.goOn = resolve));
    globalThis.loading();
    await goOn;
    setImmediate(() => globalThis.loaded());`;
  expect(await prints('app.mjs', source, { 'script.mjs': script })).toEqual(['close', 'ERR_CLOSED', 'end']);
});

test('`import { disconnect } from "node:cluster"` closes the cluster, as cluster.disconnect() does', async () => {
  const source = `
    import { disconnect } from 'node:cluster';${start()}
    cluster.on('workerReady', () => console.log('ready'));
    cluster.on('close', () => console.log('close'));
    await cluster.start();
    // Node's module is told once nobody waits for the start any more.
    setImmediate(() => setImmediate(() => disconnect(() => console.log('disconnected'))));`;
  expect(await prints('app.mjs', source)).toEqual(['ready', 'close', 'disconnected']);
});
