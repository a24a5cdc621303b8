'use strict';
// examples/kubernetes. There is no Kubernetes here: deployment.yaml is read, what it says is held against the app, and the app is run
// with its environment, probed where it says, and ended as a pod is.

const fs = require('node:fs');
const path = require('node:path');
const yaml = require('js-yaml');
const { GOOD_END, ended, folderOf, startExample } = require('../support/examples');
const { request } = require('../support/client');
const { freePort } = require('../support/free-port');
const { until } = require('../support/until');

/** What two clocks may differ by. */
const CLOCKS_MS = 50;

const folder = folderOf('kubernetes');
const [deployment, service] = yaml.loadAll(fs.readFileSync(path.join(folder, 'deployment.yaml'), 'utf8'));
const start = fs.readFileSync(path.join(folder, 'start.js'), 'utf8');

const { template, selector } = deployment.spec;
const [container] = template.spec.containers;
const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
const [startup, readiness, liveness] = [container.startupProbe, container.readinessProbe, container.livenessProbe].map(
  ({ httpGet }) => httpGet,
);
const milliseconds = (option) => Number(new RegExp(`${option}: ([\\d_]+)`).exec(start)[1].replaceAll('_', ''));

test('its parts name each other', () => {
  expect([deployment.apiVersion, deployment.kind, service.apiVersion, service.kind]).toEqual([
    'apps/v1',
    'Deployment',
    'v1',
    'Service',
  ]);
  expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  expect(template.metadata.labels).toMatchObject(service.spec.selector);
  expect(ports).toHaveProperty(service.spec.ports[0].targetPort);
  // The environment is text, and the app listens where the ports are.
  expect(env).toEqual({ PORT: String(ports.http), ADMIN_PORT: String(ports.admin) });
  for (const probe of [startup, readiness, liveness]) expect(probe.port).toBe('admin');
  // Kubernetes asks from outside of the container.
  expect(start).toContain("host: '0.0.0.0'");
});

test('the pod has more time than the longest shutdown, a worker more than its start', () => {
  const shutdown = milliseconds('shutdownDelay') + 2 * milliseconds('killTimeout');
  expect(template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(shutdown);
  const { periodSeconds, failureThreshold } = container.startupProbe;
  // startTimeout, for the alone and for the workers.
  expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(2 * 60);
});

test('probes find it well; after SIGTERM it is not ready, serves on for shutdownDelay, and ends', async () => {
  const admin = await freePort();
  const { app, port } = await startExample('kubernetes', { ADMIN_PORT: String(admin) });
  const status = async ({ path: url }) => (await request(admin, url)).status;
  for (const probe of [startup, readiness, liveness]) expect(await status(probe)).toBe(200);

  const signalled = Date.now();
  app.kill('SIGTERM');
  await until(async () => (await status(readiness)) === 503);
  expect(await status(liveness)).toBe(200);
  // New connections, as long as the load balancing still sends some.
  const answers = new Set();
  await until(async () => {
    const answer = await request(port).catch((error) => ({ status: error.code }));
    answers.add(answer.status);
    return answer.status !== 200;
  });
  expect([...answers]).toEqual([200, 'ECONNREFUSED']);
  expect(Date.now() - signalled).toBeGreaterThanOrEqual(milliseconds('shutdownDelay') - CLOCKS_MS);
  expect(await ended(app)).toEqual(GOOD_END);
});
