'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { test } = require('../e2e/support/at-once');
const { BOTH, REGISTER, run } = require('./support/run');
const { folder, scripts } = require('../e2e/support/files');

/** Tells what it was started with. */
const TELLS = `
  process.send({
    argv: process.argv.slice(1), execArgv: process.execArgv, cwd: process.cwd(), env: process.env.OF_FORK,
    uid: process.getuid(), gid: process.getgid(),
  });
  process.disconnect();
`;

describe.each(BOTH)('settings (%s)', (how) => {
  test('exec as a URL, and none', async () => {
    const at = fs.realpathSync(scripts({ 'tells.js': TELLS }));
    const { of } = await run(
      how,
      {
        primary({ cluster, tell, given: { url } }) {
          cluster.setupPrimary({ exec: new URL(url) });
          cluster.on('message', (worker, { argv }) => tell('argv', argv));
          cluster.fork();
          cluster.setupPrimary({ exec: undefined });
          try {
            cluster.fork();
          } catch ({ name, code }) {
            tell('thrown', name, code);
          }
        },
      },
      { given: { url: pathToFileURL(path.join(at, 'tells.js')).href } },
    );
    expect(of('argv')).toEqual([[[path.join(at, 'tells.js'), expect.any(String)]]]);
    expect(of('thrown')).toEqual([['TypeError', 'ERR_INVALID_ARG_TYPE']]);
  });

  test('exec, args, execArgv, cwd and the env of fork()', async () => {
    const at = fs.realpathSync(scripts({ 'tells.js': TELLS }));
    const { of } = await run(
      how,
      {
        primary({ cluster, tell, given: { at } }) {
          cluster.setupPrimary({ exec: 'tells.js', args: ['--a', 'b c'], execArgv: ['--no-warnings'], cwd: at });
          cluster.on('message', (worker, message) => tell('message', worker.id, message));
          cluster.fork({ OF_FORK: 'yes' });
        },
      },
      { given: { at } },
    );
    expect(of('message')).toEqual([
      [
        1,
        {
          argv: [path.join(at, 'tells.js'), '--a', 'b c'],
          execArgv: ['--no-warnings'],
          cwd: at,
          env: 'yes',
          uid: process.getuid(),
          gid: process.getgid(),
        },
      ],
    ]);
  });

  test('setupMaster() is the same, its defaults are those of the process, and a second call changes what it names', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        tell('same', cluster.setupMaster === cluster.setupPrimary, cluster.isMaster);
        cluster.setupMaster();
        const { settings } = cluster;
        tell('first', settings.exec === process.argv[1], settings.args.length, settings.execArgv, settings.silent);
        cluster.setupMaster({ args: ['x'], silent: true });
        tell('second', cluster.settings.exec === process.argv[1], cluster.settings.args, cluster.settings.silent);
        cluster.setupPrimary({ execArgv: ['--no-warnings'] });
        tell('third', cluster.settings.args, cluster.settings.execArgv, cluster.settings === settings);
      },
    });
    expect(of('same')).toEqual([[true, true]]);
    const flags = how === 'node' ? [] : [expect.any(String), expect.any(String)];
    expect(of('first')).toEqual([[true, 1, flags, false]]);
    expect(of('second')).toEqual([[true, ['x'], true]]);
    expect(of('third')).toEqual([[['x'], ['--no-warnings'], false]]);
  });

  test('what is changed in cluster.settings counts at the next fork, as PM2 and recluster do it', async () => {
    const at = fs.realpathSync(scripts({ 'tells.js': TELLS }));
    const { of } = await run(
      how,
      {
        primary({ cluster, tell, given: { at } }) {
          cluster.setupPrimary({ exec: `${at}/tells.js`, args: ['first'], execArgv: [] });
          cluster.on('message', (worker, message) => tell('message', message.argv[1], message.execArgv));
          cluster.fork().on('exit', () => {
            cluster.settings.args = ['second'];
            cluster.settings.execArgv = ['--no-deprecation'];
            cluster.fork();
          });
        },
      },
      { given: { at } },
    );
    expect(of('message')).toEqual([
      ['first', []],
      ['second', ['--no-deprecation']],
    ]);
  });

  test('silent: stdin, stdout and stderr of a worker are the primary’s to use', async () => {
    const { of, output } = await run(how, {
      primary({ cluster, tell }) {
        cluster.setupPrimary({ silent: true });
        const worker = cluster.fork();
        const { stdin, stdout, stderr } = worker.process;
        const texts = { stdout: '', stderr: '' };
        stdout.setEncoding('utf8').on('data', (text) => (texts.stdout += text));
        stderr.setEncoding('utf8').on('data', (text) => (texts.stderr += text));
        worker.process.on('close', (...args) => tell('close', ...args, texts));
        stdin.end('given');
      },
      worker() {
        process.stderr.write('an error');
        process.stdin.on('data', (text) => process.stdout.write(`got ${text}`));
        process.stdin.on('end', () => process.disconnect());
      },
    });
    expect(of('close')).toEqual([[0, null, { stdout: 'got given', stderr: 'an error' }]]);
    expect(output).toBe('');
  });

  test('stdio: any array with one ipc, at any place', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'ipc'] });
        const worker = cluster.fork();
        tell('stdio', ...worker.process.stdio.map((stream) => stream !== null && stream !== undefined));
        let text = '';
        worker.process.stdio[3].on('data', (part) => (text += part));
        worker.process.on('close', () => tell('text', text));
        worker.on('message', (message) => tell('message', message));
      },
      worker() {
        require('node:fs').writeSync(3, 'by fd 3');
        process.send('by channel', () => process.disconnect());
      },
    });
    expect(code).toBe(0);
    expect(of('stdio')).toEqual([[false, true, false, true, false]]);
    expect(of('text')).toEqual([['by fd 3']]);
    expect(of('message')).toEqual([['by channel']]);
  });

  test('wrong settings throw Node’s errors, and the next fork is as good as any', async () => {
    const { of, code } = await run(how, {
      primary({ cluster, tell }) {
        const wrong = [
          { stdio: ['pipe'] },
          { stdio: 'nothing' },
          { stdio: undefined, inspectPort: 'x', execArgv: ['--inspect'] },
          { inspectPort: 65536, execArgv: ['--inspect'] },
          { inspectPort: () => null },
          { inspectPort: () => ' ' },
          { execArgv: [], inspectPort: undefined, cwd: 5 },
          { cwd: undefined, uid: 'root' },
          { uid: undefined, stdio: ['ipc', 'ipc'] },
          { stdio: undefined, serialization: 'xml' },
          { serialization: undefined, args: 'text' },
        ];
        for (const settings of wrong) {
          cluster.setupPrimary(settings);
          try {
            cluster.fork();
            tell('forked', settings);
          } catch (error) {
            tell('error', error.code, error.name);
          }
        }
        cluster.setupPrimary({ args: process.argv.slice(2) });
        tell('workers', ...Object.keys(cluster.workers));
        cluster.fork().on('exit', (exit) => tell('exit', exit));
      },
      worker() {
        process.exit(3);
      },
    });
    expect(of('forked')).toEqual([]);
    expect(of('error')).toEqual([
      ['ERR_CHILD_PROCESS_IPC_REQUIRED', 'Error'],
      ['ERR_INVALID_ARG_VALUE', 'TypeError'],
      ...Array(4).fill(['ERR_SOCKET_BAD_PORT', 'RangeError']),
      ['ERR_INVALID_ARG_TYPE', 'TypeError'],
      ['ERR_INVALID_ARG_TYPE', 'TypeError'],
      ['ERR_IPC_ONE_PIPE', 'Error'],
      ['ERR_INVALID_ARG_VALUE', 'TypeError'],
      ['ERR_INVALID_ARG_TYPE', 'TypeError'],
    ]);
    expect(of('workers')).toEqual([[]]);
    expect(of('exit')).toEqual([[3]]);
    expect(code).toBe(0);
  });

  test('serialization advanced: what structured clone can copy', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        cluster.setupPrimary({ serialization: 'advanced' });
        const worker = cluster.fork();
        const sent = { map: new Map([[1, new Set(['a'])]]), big: 2n ** 70n, bytes: Buffer.from([0, 10, 13, 255]) };
        worker.on('message', (message) => {
          const { map, big, bytes, date, error } = message;
          tell('message', [...map.get(1)], String(big), [...bytes], date instanceof Date, error.message);
          worker.disconnect();
        });
        worker.send({ ...sent, undef: undefined });
      },
      worker() {
        process.on('message', (message) => {
          process.send({ ...message, date: new Date(), error: new RangeError('wrong'), has: 'undef' in message });
        });
      },
    });
    expect(of('message')).toEqual([[['a'], String(2n ** 70n), [0, 10, 13, 255], true, 'wrong']]);
  });

  test('inspectPort: one more for each fork, a number, or a function', async () => {
    const { of } = await run(how, {
      primary({ cluster, tell }) {
        cluster.setupPrimary({ execArgv: ['--inspect=0'] });
        cluster.on('message', (worker, message) => {
          tell('message', worker.id, message);
          worker.process.kill('SIGKILL');
        });
        process.debugPort = 23_000; // no port that the system gives to connections
        const settings = [{}, {}, { inspectPort: 0 }, { inspectPort: () => 0 }, { execArgv: ['--debug-port=0'] }];
        const next = () => {
          if (settings.length === 0) return;
          cluster.setupPrimary(settings.shift());
          cluster.fork().on('exit', next);
        };
        next();
      },
      worker() {
        process.send(process.execArgv.filter((flag) => flag.startsWith('--inspect')));
      },
    });
    expect(of('message')).toEqual([
      [1, ['--inspect=0', '--inspect-port=23001']],
      [2, ['--inspect=0', '--inspect-port=23002']],
      [3, ['--inspect=0', '--inspect-port=0']],
      [4, ['--inspect=0', '--inspect-port=0']],
      [5, ['--inspect-port=0']],
    ]);
  });

  const asRoot = process.getuid() === 0 ? test : test.skip;
  asRoot('uid and gid', async () => {
    const at = folder();
    fs.chmodSync(at, 0o755);
    const file = path.join(at, 'tells.js');
    fs.writeFileSync(file, TELLS);
    const { of } = await run(
      how,
      {
        primary({ cluster, tell, given: { file } }) {
          cluster.setupPrimary({ exec: file, uid: 65534, gid: 65534, execArgv: [], cwd: '/' });
          cluster.on('message', (worker, message) => tell('message', message.uid, message.gid));
          cluster.on('exit', (worker, exit, signal) => tell('exit', exit, signal));
          cluster.fork();
        },
      },
      { given: { file } },
    );
    expect(of('exit')).toEqual([[0, null]]);
    expect(of('message')).toEqual([[65534, 65534]]);
  });
});

test.each([
  [['--require', REGISTER]],
  [['-r', REGISTER.replace(/\.js$/, '')]],
  [[`--require=${path.relative(process.cwd(), REGISTER)}`.replace('=', '=./'), '--title=told']],
  [['--no-warnings', '--import', pathToFileURL(REGISTER).href]],
])('a worker sees %j, and does not load what does nothing in it', async (execArgv) => {
  const { of } = await run(
    'node',
    {
      primary({ cluster, tell }) {
        cluster.on('message', (worker, message) => tell('message', message));
        cluster.fork();
      },
      worker() {
        const isLoaded = Object.keys(require.cache).some((file) => file.endsWith('/register.js'));
        process.send({ execArgv: process.execArgv, isLoaded });
        process.disconnect();
      },
    },
    { execArgv },
  );
  expect(of('message')).toEqual([[{ execArgv, isLoaded: false }]]);
});
