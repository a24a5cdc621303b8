'use strict';
// `npm run test:metrics`: what `/metrics` tells of a real cluster, held against Prometheus' own rules (`promtool check metrics`, of Debian's
// package `prometheus`, which `npm test` must not need).

const { spawnSync } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const { createCluster } = require('..');

const fixtures = path.join(__dirname, '../__test__/fixtures');

function get(address, url) {
  return new Promise((resolve, reject) => {
    http
      .get({ ...address, path: url, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (text += part));
        response.on('end', () => resolve(text));
      })
      .on('error', reject);
  });
}

/** Until every process has told how it is doing. */
async function whole(address, count) {
  for (;;) {
    const text = await get(address, '/metrics');
    if (text.match(/^cluster_native_process_heap_used_bytes\{/gm)?.length === count) return text;
  }
}

async function main() {
  const config = { exec: path.join(fixtures, 'workers/http.js'), alone: path.join(fixtures, 'alone/service.js') };
  const quiet = { output: 'pipe', title: 'metrics "check"' };
  const cluster = createCluster({ ...config, ...quiet, count: 2, mode: 'production', admin: 0 });
  cluster.on('output', () => {});
  await cluster.start();
  await cluster.reload();
  const metrics = await whole(cluster.adminAddress, 3);
  await cluster.close();
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: metrics,
    encoding: 'utf8',
  });
  if (error) throw new Error(`promtool could not be run: ${error.message}. It is in Debian's package prometheus.`);
  if (status !== 0) throw new Error(`promtool refuses the metrics:\n${stdout}${stderr}\n${metrics}`);
  console.log(`promtool: ${metrics.match(/^# TYPE /gm).length} metrics are well formed`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
