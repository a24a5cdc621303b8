'use strict';
// `npm run test:pack`: what users get. Packs the package, installs the tarball into an empty project with npm and with
// yarn 1, starts a cluster there, asks it, and closes it.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');

const APP = `
const assert = require('node:assert');
const http = require('node:http');
const { createCluster } = require('@yunflyjs/cluster-native');

const cluster = createCluster({ exec: './worker.js', alone: false, count: 2, mode: 'production' });
cluster.once('listening', (_worker, address) => (cluster.port = address.port));
cluster.start().then(async () => {
  const text = await new Promise((resolve, reject) => {
    http.get({ port: cluster.port, agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });
  assert.strictEqual(text, 'from a worker');
  await cluster.close();
  console.log('closed');
});
`;
const WORKER = `
const { isWorker } = require('node:cluster');
require('node:http').createServer((_request, response) => response.end(isWorker ? 'from a worker' : 'no worker')).listen(0);
`;

function pack(folder) {
  const output = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  const [{ filename, files }] = JSON.parse(output);
  return { tarball: path.join(folder, filename), files: files.map((file) => file.path) };
}

/** What must be in the tarball, and what must not. */
function checkContents(files) {
  const wanted = ['index.js', 'index.d.ts', 'native.js', 'README.md', 'README.zh-CN.md', 'CHANGELOG.md', 'LICENSE', 'Cargo.toml', 'src/lib.rs'];
  const missing = wanted.filter((name) => !files.includes(name));
  if (!files.some((name) => name.endsWith('.node'))) missing.push('*.node');
  const strays = files.filter((name) => /^(__test__|examples|scripts|target|fuzz|node_modules|\.)/.test(name));
  if (missing.length > 0 || strays.length > 0) {
    throw new Error(`the tarball lacks [${missing}] and has [${strays}] too much`);
  }
}

function check(manager, folder, tarball) {
  const project = path.join(folder, manager.name);
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{"name":"empty-project","version":"1.0.0","private":true}');
  fs.writeFileSync(path.join(project, 'app.js'), APP);
  fs.writeFileSync(path.join(project, 'worker.js'), WORKER);
  const [command, ...args] = manager.install(tarball);
  execFileSync(command, args, { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
  const output = execFileSync(process.execPath, ['app.js'], { cwd: project, encoding: 'utf8', timeout: 30_000 });
  if (!output.endsWith('closed\n')) throw new Error(`${manager.name}: the cluster said ${JSON.stringify(output)}`);
  console.log(`${manager.name}: installed from the tarball, started, answered, closed`);
}

const managers = [
  { name: 'npm', install: (tarball) => ['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', tarball] },
  { name: 'yarn', install: (tarball) => ['npx', '--yes', 'yarn@1.22.22', 'add', '--silent', '--no-progress', tarball] },
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-native-pack-'));
try {
  const { tarball, files } = pack(folder);
  checkContents(files);
  for (const manager of managers) check(manager, folder, tarball);
} finally {
  fs.rmSync(folder, { recursive: true });
}
