'use strict';
// The snippets of yunfly's documentation, verbatim (fixtures/document), as users have them in their projects.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { documents, read } = require('../../../scripts/docs/markdown');
const { start, fixture } = require('../support/cluster');
const { folder, script, scripts } = require('../support/files');

const root = path.join(__dirname, '../../..');
const server = `require('node:http').createServer().listen(0);`;

const snippet = (name) => fs.readFileSync(fixture(`document/${name}.ts`), 'utf8');

/** As a build step makes it: CommonJS without types. */
const compile = (source) =>
  ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } })
    .outputText;

/** A NODE_PATH in which `require('sendmessage')` is what `source` exports. */
function providing(source) {
  const modules = folder();
  fs.mkdirSync(path.join(modules, 'sendmessage'));
  fs.writeFileSync(path.join(modules, 'sendmessage/index.js'), `module.exports = ${source};`);
  return { NODE_PATH: modules };
}

const installed = (name) => `require(${JSON.stringify(path.join(root, 'node_modules', name))})`;
const senders = [
  ['npm sendmessage 1', installed('sendmessage-1')],
  ['npm sendmessage 2', installed('sendmessage-2')],
  // Version 3 exports an object, so its users write require('sendmessage').sendmessage.
  ['npm sendmessage 3', `${installed('sendmessage-3')}.sendmessage`],
  ['our sendmessage', `require(${JSON.stringify(root)}).sendmessage`],
];

describe.each(senders)('%s', (_name, source) => {
  test('a worker sends to the alone', async () => {
    const app = await start({
      count: 1,
      env: providing(source),
      exec: script(`${compile(snippet('worker-to-alone.worker'))}\n${server}`),
      alone: script(compile(snippet('worker-to-alone.alone'))),
    });
    await app.event('output', (line) => line.startsWith('received msg from worker.msg:'));
    await app.event('output', (line) => line.includes(`data: 'from worker msg to alone process'`));
  });

  test('the alone sends to a worker', async () => {
    const app = await start({
      count: 2,
      env: providing(source),
      exec: script(`${compile(snippet('alone-to-worker.worker'))}\n${server}`),
      alone: script(`process.once('message', () => { ${compile(snippet('alone-to-worker.alone'))} });`),
    });
    await app.call('sendmessage', { to: 'alone', action: 'now that workers listen' });
    await app.event('output', (line) => line.includes(`data: 'from alone msg to worker process'`));
    await app.call('close');
    await app.gone;
    // type 'worker': exactly one of the two had it.
    expect(app.output.split('received msg from worker.msg:')).toHaveLength(2);
  });
});

test('a random worker runs the job: one at a time, another once that one has gone', async () => {
  const job = `require(${JSON.stringify(fixture('report.js'))})('job', { msg });`;
  const check = snippet('random-worker.check').replace('// now you can doing something here what you want to do.', job);
  const exec = script(
    compile(
      `${snippet('random-worker.listen')}\n${check}\nrequire(${JSON.stringify(fixture('control.js'))});\n${server}`,
    ),
  );
  const app = await start({ count: 3, exec });
  const first = await app.report('job');
  expect(first.msg).toMatchObject({ from: 'app', to: 'worker', action: 'random-worker', worker_pid: first.pid });
  const workers = await app.workers();
  expect(workers.find(({ pid }) => pid === first.pid).id).toBe(first.msg.worker_id);
  await app.call('worker', first.msg.worker_id, 'disconnect');
  const second = await app.report('job', ({ pid }) => pid !== first.pid);
  const [exited] = await app.event('exit');
  expect(exited.pid).toBe(first.pid);
  expect(second.msg.worker_pid).toBe(second.pid);
  await app.call('close');
  await app.gone;
  expect(app.reports('job')).toHaveLength(2);
});

test('a folder of alone files: the default export is called with the config', async () => {
  const alone = scripts({ 'setInterval.js': compile(snippet('set-interval')), 'notes.md': 'not a script' });
  const app = await start({ count: 1, alone });
  await app.event('output', (line) => line === 'console alone worker msg: 0');
});

test.each([
  ['README.md', 'docs/en/'],
  ['README.zh-CN.md', 'docs/zh/'],
])('%s or %s shows the same code', (readme, folder) => {
  const shownIn = documents().filter((name) => name === readme || name.startsWith(folder));
  const code = (source) =>
    source
      .split('\n')
      .map((line) => line.replace(/\/\/.*/, '').trim())
      .filter(Boolean);
  const shown = code(shownIn.map(read).join('\n')).join('\n');
  for (const name of [
    'worker-to-alone.worker',
    'worker-to-alone.alone',
    'alone-to-worker.alone',
    'alone-to-worker.worker',
    'random-worker.check',
    'set-interval',
  ]) {
    expect(shown).toContain(code(snippet(name)).join('\n'));
  }
});
