'use strict';

const { once } = require('node:events');
const { test } = require('../support/at-once');
const { start, startNodeCluster, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { freePort, holdPort } = require('../support/free-port');

const listen = (options, config) =>
  start({ exec: fixture('workers/listen.js'), args: [JSON.stringify(options)], ...config });

const pidsOf = (answers) => new Set(answers.map((answer) => answer.body.pid));

test('200 requests without keep-alive are answered by all 4 workers', async () => {
  const app = await start({ count: 4 });
  const answers = await requests(await app.port(), 200, 16);
  expect(answers.map((answer) => answer.status)).toEqual(Array(200).fill(200));
  const workers = await app.workers();
  expect(pidsOf(answers)).toEqual(new Set(workers.map((worker) => worker.pid)));
});

test('port 0: every worker gets the same one', async () => {
  const app = await listen({ port: 0 }, { count: 3 });
  const ports = (await app.reported('listening', 3)).map((report) => report.address.port);
  expect(ports).toHaveLength(3);
  expect(new Set(ports).size).toBe(1);
  expect(ports[0]).toBeGreaterThan(0);
  expect(app.events('listening').map(([, address]) => address.port)).toEqual(ports);
});

test('a given port', async () => {
  const port = await freePort();
  const app = await listen({ port });
  expect((await app.reported('listening', 2)).map((report) => report.address.port)).toEqual([port, port]);
  await expect(request(port)).resolves.toMatchObject({ status: 200 });
});

test('no host: IPv4 and IPv6 both', async () => {
  const app = await listen({ port: 0 });
  const port = await app.port();
  await expect(request(port, '/', { host: '127.0.0.1' })).resolves.toMatchObject({ status: 200 });
  await expect(request(port, '/', { host: '::1' })).resolves.toMatchObject({ status: 200 });
});

test.each([
  ['127.0.0.1', '::1'],
  ['::1', '127.0.0.1'],
])('host %s only: not on %s', async (host, other) => {
  const app = await listen({ port: 0, host });
  const port = await app.port();
  await expect(request(port, '/', { host })).resolves.toMatchObject({ status: 200 });
  await expect(request(port, '/', { host: other })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('ipv6Only leaves the IPv4 port to others', async () => {
  const holder = await holdPort({ host: '127.0.0.1' });
  const { port } = holder.address();
  const app = await listen({ port, host: '::', ipv6Only: true });
  await expect(request(port, '/', { host: '::1' })).resolves.toMatchObject({ status: 200 });
  await app.reported('listening', 2);
  expect(app.reports('listenError')).toEqual([]);
  holder.close();
});

describe('an address that cannot be had: the worker gets the error that node:cluster gives', () => {
  /** Root may bind every port: take that right away. */
  const unprivileged =
    process.getuid() === 0 ? ['setpriv', '--inh-caps=-net_bind_service', '--bounding-set=-net_bind_service'] : [];

  async function compare(options, command = []) {
    const config = { exec: fixture('workers/listen.js'), args: [JSON.stringify(options)] };
    const node = await startNodeCluster(config, { command });
    const app = await start(config, { command });
    const [expected, ...others] = (await node.reported('listenError', 2)).map((report) => report.error);
    expect(others).toEqual([expected]);
    expect((await app.reported('listenError', 2)).map((report) => report.error)).toEqual([expected, expected]);
    return expected;
  }

  test('EADDRINUSE', async () => {
    const holder = await holdPort();
    await expect(compare({ port: holder.address().port })).resolves.toMatchObject({ code: 'EADDRINUSE' });
    holder.close();
  });

  test('EADDRINUSE when the address is held for one family only', async () => {
    const holder = await holdPort({ host: '127.0.0.1' });
    await compare({ port: holder.address().port, host: '127.0.0.1' });
    holder.close();
  });

  test('EACCES', async () => {
    await expect(compare({ port: 1, host: '127.0.0.1' }, unprivileged)).resolves.toMatchObject({ code: 'EACCES' });
  });

  test('EADDRNOTAVAIL', async () => {
    // 192.0.2.0/24 is kept for documentation: no machine has it.
    await expect(compare({ port: 0, host: '192.0.2.1' })).resolves.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });
});

test('the port is free again after close()', async () => {
  const app = await listen({ port: 0 });
  const port = await app.port();
  await app.call('close');
  const server = await holdPort({ port });
  server.close();
  await once(server, 'close');
});
