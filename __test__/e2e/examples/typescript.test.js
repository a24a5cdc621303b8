'use strict';
// examples/typescript, as its own scripts run it. A copy with links for what `npm install` would put there.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { launch, runtime } = require('../support/cluster');
const { request } = require('../support/client');
const { freePort } = require('../support/free-port');
const { project, root } = require('../support/project');

const source = path.join(root, 'examples/typescript');
const { dependencies, devDependencies } = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
const strips =
  execFileSync(runtime, ['-p', 'Boolean(process.features.typescript)'], { encoding: 'utf8' }).trim() === 'true';
const bin = { tsx: 'tsx/dist/cli.mjs', tsc: 'typescript/bin/tsc' };

function example(without = []) {
  const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)].filter(
    (name) => !without.includes(name),
  );
  const cwd = project(source, packages);
  const module = (name) => path.join(cwd, 'node_modules', bin[name]);
  return { cwd, module };
}

async function expectAnswers({ cwd }, command, environment) {
  const port = await freePort();
  const env = { PORT: String(port), GREETING: 'good day', ...environment };
  const app = launch({}, { cwd, commandLine: [runtime, ...command], env });
  await app.event('output', (line) => line.includes(`http://localhost:${port}`));
  let answer;
  do answer = await request(port);
  while (answer.body.tick === null);
  expect(answer.body).toMatchObject({ greeting: 'good day', tick: expect.any(Number) });
  app.kill('SIGINT');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  return app;
}

test('development, by tsx', async () => {
  const { cwd, module } = example();
  const app = await expectAnswers({ cwd }, [module('tsx'), 'src/start.ts'], { NODE_ENV: 'development' });
  expect(app.output).toContain('workers: 1');
});

test('development, by Node alone where it strips types', async () => {
  const { cwd } = example(['tsx']);
  if (strips) await expectAnswers({ cwd }, ['src/start.ts'], { NODE_ENV: 'development' });
  else expect(() => execFileSync(runtime, ['src/start.ts'], { cwd, stdio: 'pipe' })).toThrow('.ts');
});

test('production, compiled by tsc', async () => {
  const { cwd, module } = example(['tsx']);
  execFileSync(runtime, [module('tsc')], { cwd, stdio: 'inherit' });
  fs.rmSync(path.join(cwd, 'src'), { recursive: true });
  const app = await expectAnswers({ cwd }, ['build/start.js'], { NODE_ENV: 'production' });
  expect(app.output).toContain('workers: 2');
});
