'use strict';

const fs = require('node:fs');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { connect, readAll, request, requests } = require('../support/client');
const { freePort } = require('../support/free-port');

const worker = (name) => fixture(`workers/${name}.js`);

test('https', async () => {
  const app = await start({ exec: worker('https'), count: 2 });
  const ca = fs.readFileSync(fixture('tls/cert.pem'));
  const answers = await requests(await app.port(), 20, 4, '/', { secure: true, ca, servername: 'localhost' });
  expect(answers.map((answer) => answer.text)).toEqual(Array(20).fill('secure'));
});

test('net: bytes both ways, also for a client that speaks first and half-closes', async () => {
  const app = await start({ exec: worker('echo'), count: 2 });
  const port = await app.port();
  const texts = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const socket = await connect(port);
      socket.end(`text ${i}`);
      return readAll(socket);
    }),
  );
  expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `text ${i}`));
});

test('several servers in each worker: every port is answered by its own server', async () => {
  const app = await start({ exec: worker('several'), count: 2 });
  const reports = await app.reported('port', 6);
  for (const name of ['first', 'second', 'third']) {
    const ports = reports.filter((report) => report.name === name).map((report) => report.port);
    expect(ports).toHaveLength(2);
    expect(ports[0]).toBe(ports[1]);
    await expect(request(ports[0])).resolves.toMatchObject({ text: name });
  }
  expect(new Set(reports.map((report) => report.port)).size).toBe(3);
});

test('a server that listens again while its socket is still being closed', async () => {
  const port = await freePort();
  const app = await start({ exec: worker('relisten'), count: 1, env: { PORT: String(port) } });
  const [target] = await app.workers();
  await app.control(target, 'relisten', { lingers: true });
  await app.reported('again', 1);
  await expect(request(port)).resolves.toMatchObject({ text: 'generation 2' });
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('a server that closes and listens again', async () => {
  const port = await freePort();
  const app = await start({ exec: worker('relisten'), count: 2, env: { PORT: String(port) } });
  await expect(request(port)).resolves.toMatchObject({ text: 'generation 1' });
  for (const target of await app.workers()) await app.control(target, 'relisten');
  await app.reported('again', 2);
  await expect(request(port)).resolves.toMatchObject({ text: 'generation 2' });
});
