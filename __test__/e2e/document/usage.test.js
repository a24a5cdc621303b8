'use strict';
// Section 3 of yunfly's document (README.md here): how to use it.

const { launch, runtime } = require('../support/cluster');
const { request } = require('../support/client');
const { compiled, snippet } = require('../support/document');
const { scripts } = require('../support/files');
const { project } = require('../support/project');
const { shared } = require('../support/shared');

const PACKAGE = '@yunflyjs/cluster-native';

/** A project that has the document's configuration, and starts its cluster as yunfly does: with the path of its script. */
const files = () =>
  scripts({
    'package.json': '{ "name": "shop", "private": true }',
    'app.js': `require('node:http').createServer((request, response) => response.end('hello')).listen(0);`,
    'config.js': `module.exports = (config) => { ${compiled('config')} };`,
    'start.js': `
      const { createCluster } = require('${PACKAGE}');
      const config = {};
      require('./config.js')(config);
      const cluster = createCluster({ ...config.cluster, exec: './app' });
      cluster.on('listening', (_worker, { port }) => console.log('port', port));
      cluster.start().then(() => console.log('ready', config.cluster, cluster.workers.size));`,
    'module.mjs': `
      import { startCluster } from '${PACKAGE}';
      console.log(typeof startCluster);`,
  });

let cwd;

beforeAll(async () => {
  cwd = await shared(() => project(files(), [PACKAGE]));
});

const node = (name, NODE_ENV) => launch({}, { cwd, commandLine: [runtime, name], env: { NODE_ENV } });

test('3.1 Step 1: install the package.', async () => {
  // The document installs the framework, which brings the package; the project here has it under its own name.
  expect(snippet('install.sh')).toBe('yarn add @yunflyjs/yunfly\n');
  const app = node('module.mjs');
  await app.event('output', (line) => line === 'function');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});

test('3.2 Step 2: configure the cluster: `enable: true`, `count: 4`.', async () => {
  const app = node('start.js', 'production');
  await app.event('output', (line) => line === 'ready { enable: true, count: 4 } 4');
  const [line] = await app.event('output', (each) => each.startsWith('port '));
  expect((await request(Number(line.slice(5)))).text).toBe('hello');
  expect(app.processes()).toHaveLength(5);
});

test('3.3 `count` takes effect in production only; in development, there is always 1 worker.', async () => {
  const app = node('start.js', 'development');
  await app.event('output', (line) => line === 'ready { enable: true, count: 4 } 1');
  expect(app.processes()).toHaveLength(2);
});
