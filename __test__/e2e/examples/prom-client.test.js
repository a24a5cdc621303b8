'use strict';
// examples/prom-client.

const { GOOD_END, bothWorkers, ended, startExample } = require('../support/examples');
const { request, requests } = require('../support/client');
const { freePort } = require('../support/free-port');

const value = (metrics, name) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(metrics)[1]);

test('the metrics of both workers are summed up, beside those of the cluster', async () => {
  const metricsPort = await freePort();
  const { app, port } = await startExample('prom-client', { METRICS_PORT: String(metricsPort) });
  await bothWorkers(port);
  const before = value((await request(metricsPort)).text, 'http_requests_total');
  const answers = await requests(port, 40, 4);
  expect(new Set(answers.map(({ body }) => body.pid)).size).toBe(2);
  const { text, headers } = await request(metricsPort);
  expect(headers['content-type']).toContain('text/plain; version=0.0.4');
  expect(value(text, 'http_requests_total') - before).toBe(40);
  expect(value(text, 'cluster_workers{state="listening"}')).toBe(2);
  expect(value(text, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  const names = text.split('\n').filter((line) => line.startsWith('# TYPE'));
  expect(names).toEqual([...new Set(names)]);
  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
});

test('a worker that does not answer costs one scrape, not the app', async () => {
  const metricsPort = await freePort();
  const { app, port } = await startExample('prom-client', { METRICS_PORT: String(metricsPort) });
  const [stopped] = await bothWorkers(port);
  process.kill(stopped, 'SIGSTOP');
  expect((await request(metricsPort)).status).toBe(503);
  process.kill(stopped, 'SIGCONT');
  expect((await request(metricsPort)).status).toBe(200);
  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
});
