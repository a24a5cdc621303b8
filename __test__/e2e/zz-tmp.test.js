'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { request } = require('./support/client');
const { Project, source, aloneSource, BROKEN, nth, story } = require('./support/development');
const { folder } = require('./support/files');

test('cwd is a link', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  const link = path.join(folder(), 'link');
  fs.symlinkSync(project.cwd, link);
  const app = await project.start({ cwd: link });
  project.save('src/app.js', source('v2'));
  console.log(await nth(app, 'change', 1));
  await nth(app, 'reload', 1);
  expect((await request(await app.port())).body.version).toBe('v2');
});
test('startTimeout', async () => {
  const project = new Project({ 'src/app.js': 'setInterval(() => {}, 1000)' });
  const app = project.launch({ startTimeout: 300 });
  console.log((await nth(app, 'crash', 1))[0].message);
  project.save('src/app.js', source('v2'));
  await app.event('started');
  project.save('src/app.js', 'setInterval(() => {}, 1000)');
  console.log((await nth(app, 'crash', 2))[0].message);
  const a = request(await app.port());
  project.save('src/app.js', source('v3'));
  expect((await a).body.version).toBe('v3');
});
test('both', async () => {
  const project = new Project({ 'src/app.js': source('v1') });
  project.save('src/alone/service.js', aloneSource(project.file('lives')));
  const app = await project.start({ alone: 'src/alone' });
  project.save('src/app.js', BROKEN);
  await nth(app, 'reload', 1);
  fs.writeFileSync(project.file('src/app.js'), source('v2'));
  await nth(app, 'reload', 2);
  process.kill((await app.workers())[0].pid, 'SIGKILL');
  await nth(app, 'crash', 2);
  project.save('src/alone/service.js', aloneSource(project.file('lives')));
  console.log(JSON.stringify(await nth(app, 'reload', 3)));
  expect((await request(await app.port())).body.version).toBe('v2');
});
test('unix', async () => {
  const d = folder();
  const sock = path.join(d, 's');
  const src = (v) => `require('http').createServer((q, r) => r.end('${v}')).listen('${sock}')`;
  const project = new Project({ 'src/app.js': src('v1') });
  const app = await project.start();
  expect((await request(undefined, '/', { socketPath: sock })).text).toBe('v1');
  project.save('src/app.js', src('v2'));
  await nth(app, 'exit', 1);
  expect((await request(undefined, '/', { socketPath: sock })).text).toBe('v2');
});
test('two servers, exclusive, exit 0', async () => {
  const { freePort } = require('./support/free-port');
  const [a, b] = [await freePort(), await freePort()];
  const src = (v) => `const s = require('http').createServer((q, r) => r.end('${v}')); s.listen(${a}); require('http').createServer((q, r) => r.end('${v}')).listen({port: ${b}, exclusive: true})`;
  const project = new Project({ 'src/app.js': src('v1') });
  const app = await project.start();
  for (let i = 2; i < 6; i++) {
    project.save('src/app.js', src('v' + i));
    await nth(app, 'reload', i - 1);
    expect((await request(a)).text).toBe('v' + i);
    expect((await request(b)).text).toBe('v' + i);
  }
  project.save('src/app.js', 'process.exit(0)');
  console.log((await nth(app, 'crash', 1))[0].message);
  console.log(JSON.stringify(app.events('crash')));
});
