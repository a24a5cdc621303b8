'use strict';
// `ready: { port }`: a worker that opens a port for metrics first is not ready by that.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { launch, start } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { freePort } = require('../support/free-port');

/** Its metrics' server listens at once, the app's own when there is a file `GATE`. */
const source = `
  const fs = require('node:fs');
  const http = require('node:http');
  const { GATE, WHERE } = process.env;
  const serve = () => http.createServer((_req, res) => res.setHeader('content-type', 'application/json').end(JSON.stringify({ pid: process.pid })));
  const open = () => (fs.existsSync(GATE) ? serve().listen(JSON.parse(WHERE)) : setTimeout(open, 10));
  serve().listen({ port: 0, exclusive: Boolean(process.env.EXCLUSIVE) }, open);
`;

function gated(where, config) {
  const gate = path.join(folder(), 'gate');
  const env = { GATE: gate, WHERE: JSON.stringify(where), ...config.env };
  return {
    config: { exec: script(source), count: 1, ...config, env },
    open: () => fs.writeFileSync(gate, ''),
    shut: () => fs.rmSync(gate),
  };
}

const isElsewhere = (port) => (_worker, address) => address.port !== port;

test('it is ready when it listens on that port, at its start and in a reload', async () => {
  const port = await freePort();
  const { config, open, shut } = gated({ port }, { ready: { port }, minUptime: 200 });
  const app = launch(config);
  const [{ pid }] = await app.event('listening', isElsewhere(port));
  await expect(app.call('stats')).resolves.toMatchObject({ workers: { listening: 0, starting: 1 } });
  open();
  await app.event('started');
  const names = app.eventNames();
  expect(names.indexOf('workerReady')).toBeGreaterThan(names.lastIndexOf('listening'));
  expect((await request(port)).body).toEqual({ pid });

  shut();
  app.forget();
  const reload = app.call('reload');
  const [successor] = await app.event('listening', isElsewhere(port));
  expect((await request(port)).body).toEqual({ pid });
  await expect(app.call('stats')).resolves.toMatchObject({ workers: { listening: 1, starting: 1, draining: 0 } });
  open();
  await expect(reload).resolves.toMatchObject({ ok: true, replaced: [{ oldPid: pid, newPid: successor.pid }] });
});

test('one that stood by as well', async () => {
  const port = await freePort();
  const { config, open } = gated({ port }, { ready: { port: [port] }, standby: 1 });
  open();
  const app = await start(config);
  const [standby] = await app.event('standby');
  const [victim] = (await app.workers()).filter(({ slot }) => slot === 1);
  process.kill(victim.pid, 'SIGKILL');
  await app.event('workerReady', ({ pid }) => pid === standby.pid);
  const itsOwn = app.history().filter(({ args: [child] }) => child?.pid === standby.pid);
  expect(itsOwn.map(({ name }) => name).filter((name) => !['fork', 'online'].includes(name))).toEqual([
    'standby',
    'listening',
    'listening',
    'workerReady',
  ]);
});

test('a server that the master has no part in counts', async () => {
  const port = await freePort();
  const { config, open } = gated({ port, exclusive: true }, { ready: { port }, env: { EXCLUSIVE: '1' } });
  open();
  const app = await start(config);
  expect((await request(port)).status).toBe(200);
  expect(app.events('listening')).toEqual([]);
});

test('a unix socket, in development', async () => {
  const cwd = fs.realpathSync(folder());
  const { config, open } = gated({ path: 'app.sock' }, { ready: { path: 'app.sock' }, mode: 'development', cwd });
  const app = launch({ ...config, watch: false });
  await app.event('listening');
  await expect(app.call('stats')).resolves.toMatchObject({ workers: { listening: 0, starting: 1 } });
  open();
  await app.event('started');
});

test('one that listens elsewhere only fails its start, and what it waited for and had is told', async () => {
  const ports = [await freePort(), await freePort()];
  const { config, open } = gated({ port: ports[1] }, { ready: { port: ports }, startTimeout: 1500 });
  open();
  const app = launch(config);
  const [error] = await app.event('rejected');
  const others = app.events('listening').map(([, { port }]) => `port ${port}`);
  expect(error.code).toBe('ERR_START_FAILED');
  expect(error.message).toContain(
    `was not ready within 1500 ms (startTimeout): it does not listen on port ${ports[0]} (ready); it listens on port`,
  );
  for (const other of others) expect(error.message).toContain(other);
  await app.gone;
});

test('a path through a link, which is what a worker never sees', async () => {
  const releases = folder();
  fs.mkdirSync(path.join(releases, '1'));
  fs.symlinkSync('1', path.join(releases, 'current'));
  const exec = script("require('node:http').createServer((_req, res) => res.end()).listen('app.sock')");
  const cwd = path.join(releases, 'current');
  const app = await start({ exec, count: 1, cwd, ready: { path: 'app.sock' }, startTimeout: 20_000 });
  const [[, { address }]] = app.events('listening');
  expect(path.basename(address)).toBe('app.sock');
});

test('a UDP port is none', async () => {
  const port = await freePort();
  const exec = script(`
    require('node:dgram').createSocket('udp4').bind(${port}, () => {
      setTimeout(() => require('node:http').createServer((_req, res) => res.end()).listen(${port}), 300);
    });
  `);
  const app = await start({ exec, count: 1, ready: { port } });
  const kinds = app.events('listening').map(([, { addressType }]) => addressType);
  expect(kinds).toEqual(['udp4', 4]);
});
