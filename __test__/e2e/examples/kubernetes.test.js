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
const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe].map(
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
  expect(env).toEqual({ PORT: String(ports.http), HEALTH_PORT: String(ports.health) });
  for (const probe of probes) expect(probe).toEqual({ path: '/', port: 'health' });
});

test('the pod has more time than the longest shutdown, a worker more than its start', () => {
  const shutdown = milliseconds('shutdownDelay') + 2 * milliseconds('killTimeout');
  expect(template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(shutdown);
  const { periodSeconds, failureThreshold } = container.startupProbe;
  // startTimeout, for the alone and for the workers.
  expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(2 * 60);
});

test('probes find it well; after SIGTERM it serves on for shutdownDelay, and ends', async () => {
  const health = await freePort();
  const { app, port } = await startExample('kubernetes', { HEALTH_PORT: String(health) });
  for (const probe of probes) expect((await request(health, probe.path)).status).toBe(200);

  const signalled = Date.now();
  app.kill('SIGTERM');
  // New connections, as long as the load balancing still sends some.
  const statuses = new Set();
  await until(async () => {
    const { status } = await request(port).catch((error) => ({ status: error.code }));
    statuses.add(status);
    return status !== 200;
  });
  expect([...statuses]).toEqual([200, 'ECONNREFUSED']);
  expect(Date.now() - signalled).toBeGreaterThanOrEqual(milliseconds('shutdownDelay') - CLOCKS_MS);
  expect(await ended(app)).toEqual(GOOD_END);
});
