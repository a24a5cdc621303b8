'use strict';
// examples/docker. No image is built and no container is run here: the files are read, and what the container would run is run as
// it would be. How an app does as PID 1 is the subject of supervision/pid-one.test.js.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const yaml = require('js-yaml');
const { GOOD_END, ended, folderOf, startExample } = require('../support/examples');
const { runtime } = require('../support/cluster');
const { connect, readAll, request } = require('../support/client');
const { root } = require('../support/project');

const folder = folderOf('docker');
const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');

/** A Dockerfile without continued lines, as [instruction, arguments]. */
const instructions = read('Dockerfile')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => /^([A-Z]+) (.*)$/.exec(line).slice(1));
const only = (name) => {
  const found = instructions.filter(([instruction]) => instruction === name);
  expect(found).toHaveLength(1);
  return found[0][1];
};
const { services } = yaml.load(read('compose.yaml'));
const milliseconds = (source, option) => Number(new RegExp(`${option}: ([\\d_]+)`).exec(source)[1].replaceAll('_', ''));

test('the image has a Node that the package supports, and does not run as root', () => {
  const { engines } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const [, least] = /^>=(\d+)(?:\.\d+)?$/.exec(engines.node);
  const [, image] = /^node:(\d+)(?:-\w+)?$/.exec(only('FROM'));
  expect(Number(image)).toBeGreaterThanOrEqual(Number(least));
  expect(only('USER')).toBe('node');
  expect(read('.dockerignore').split('\n')).toEqual(expect.arrayContaining(['node_modules', '.git', '.env*']));
  // What is copied last changes most often.
  expect(instructions.map(([instruction]) => instruction).slice(0, 5)).toEqual([
    'FROM',
    'WORKDIR',
    'COPY',
    'RUN',
    'COPY',
  ]);
});

test('the compose file gives it more time than its longest shutdown takes, and shares its port', () => {
  expect(Object.keys(services)).toEqual(['app']);
  const { build, ports, stop_grace_period: grace } = services.app;
  expect(build).toBe('.');
  expect(ports).toEqual([`${only('EXPOSE')}:${only('EXPOSE')}`]);
  const [, seconds] = /^(\d+)s$/.exec(grace);
  expect(Number(seconds) * 1000).toBeGreaterThan(2 * milliseconds(read('start.js'), 'killTimeout'));
});

test('CMD starts it, the health check finds it well, and what `docker stop` sends ends it', async () => {
  // In the exec form, which is JSON: there is no shell that the signal would end instead.
  const command = JSON.parse(only('CMD'));
  expect(command).toEqual(['node', 'start.js']);
  const [name, value] = only('ENV').split('=');
  const { app, port } = await startExample('docker', { [name]: value });
  const [kind, program, ...args] = services.app.healthcheck.test;
  expect([kind, program]).toEqual(['CMD', 'node']);
  const check = (env) => execFileSync(runtime, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  check({ PORT: String(port) });

  // A request that has begun when the signal comes.
  const slow = await connect(port);
  slow.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
  await request(port);
  app.kill('SIGTERM');
  slow.write('\r\n');
  expect(await readAll(slow)).toContain('answered by');
  expect(await ended(app)).toEqual(GOOD_END);
  expect(() => check({ PORT: String(port) })).toThrow();
});
