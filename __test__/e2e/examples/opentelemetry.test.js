'use strict';
// examples/opentelemetry. No collector runs here: its configuration is read, and what it names is asked as a collector asks.

const fs = require('node:fs');
const path = require('node:path');
const YAML = require('yaml');
const { GOOD_END, bothWorkers, ended, folderOf, startExample } = require('../support/examples');
const { ask, request, requests } = require('../support/client');
const { freePort } = require('../support/free-port');
const { until } = require('../support/until');

const COUNT = 30;

const folder = folderOf('opentelemetry');
const { receivers, exporters, service } = YAML.parse(fs.readFileSync(path.join(folder, 'collector.yaml'), 'utf8'));
const [scrape] = receivers.prometheus.config.scrape_configs;
const [target] = scrape.static_configs[0].targets;

/** As Prometheus' scraper, which is that of the collector, asks first for. */
const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** OpenMetrics: comments, samples, and the end. Each sample belongs to the metric before it: { name: { type, samples } }. */
function readOpenMetrics(text) {
  expect(text).toMatch(/\n# EOF\n$/);
  const metrics = {};
  let name;
  for (const line of text.split('\n').slice(0, -2)) {
    const [, keyword, described, rest] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') metrics[(name = described)] = { samples: [] };
    else if (keyword === 'TYPE') metrics[described].type = rest;
    else {
      const [, sample, labels = '', value] =
        /^(\w+)(?:\{(\w+="(?:[^"\\]|\\.)*"(?:,\w+="(?:[^"\\]|\\.)*")*)\})? (\S+)$/.exec(line);
      expect(sample.startsWith(name)).toBe(true);
      expect(Number.isFinite(Number(value))).toBe(true);
      metrics[name].samples.push([labels, Number(value)]);
    }
  }
  return metrics;
}

test('the parts of the collector name each other, and it scrapes where the example tells its metrics', () => {
  const { metrics } = service.pipelines;
  expect(metrics.receivers).toEqual(Object.keys(receivers));
  expect(metrics.exporters).toEqual(Object.keys(exporters));
  const start = fs.readFileSync(path.join(folder, 'start.js'), 'utf8');
  const [, port] = /ADMIN_PORT \?\? (\d+)/.exec(start);
  // Without `metrics_path` it is /metrics.
  expect(scrape).toEqual({
    job_name: 'app',
    scrape_interval: expect.stringMatching(/^\d+s$/),
    static_configs: [{ targets: [`127.0.0.1:${port}`] }],
  });
  // The processes go on telling how they are doing.
  expect(parseInt(scrape.scrape_interval, 10)).toBeLessThanOrEqual(120);
});

test('every request has its span, also those that wait for their batch when the app is ended; a collector gets the metrics', async () => {
  const admin = await freePort();
  const { app, port } = await startExample('opentelemetry', { ADMIN_PORT: String(admin) });
  await bothWorkers(port, '/first');

  const headers = { host: target, accept: ACCEPT };
  const scraped = async () => readOpenMetrics((await request(admin, '/metrics', { headers })).text);
  const metrics = await until(async () => {
    const told = await scraped();
    return told.cluster_native_process_heap_used_bytes.samples.length === 2 && told;
  });
  expect(metrics.cluster_native_workers).toMatchObject({ type: 'gauge' });
  expect(metrics.cluster_native_workers.samples).toContainEqual(['state="listening"', 2]);
  expect(metrics.cluster_native_forks).toEqual({
    type: 'counter',
    samples: [
      ['role="alone"', 0],
      ['role="worker"', 2],
    ],
  });

  await requests(port, COUNT, 4, '/order');
  // Its span is not ended yet when the workers are told to end.
  const { answer } = await ask(port);
  app.kill('SIGTERM');
  expect(await answer).toContain('200 OK');
  expect(await ended(app)).toEqual(GOOD_END);
  const exported = app.output.split('\n').filter((line) => line.trim().startsWith("name: 'GET "));
  expect(exported.filter((line) => line.includes('/order'))).toHaveLength(COUNT);
  expect(exported.filter((line) => line.includes("'GET /'"))).toHaveLength(1);
});
