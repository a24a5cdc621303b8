'use strict';

const { EventEmitter } = require('node:events');
const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');
const { Output } = require('../../lib/output/output');
const { folder, removeFolders } = require('./support/folder');

afterAll(removeFolders);

const lib = (name) => JSON.stringify(require.resolve(path.join('../../lib', name)));

/** Without what the machine's own environment says of colours; Node takes a terminal in CI for one without them. */
const environment = (variables) => {
  const silent = Object.fromEntries(
    ['CI', 'NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS'].map((name) => [name, undefined]),
  );
  return { ...process.env, ...silent, TERM: 'xterm', ...variables };
};

/** Runs code in a process whose stdout and stderr are pipes. */
function run(code, variables) {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    env: environment(variables),
  });
  return { stdout, stderr };
}

/** Runs code in a process whose stdout and stderr are a terminal; `redirect`: what a shell is told besides. */
function runOnTerminal(code, variables, redirect = '') {
  const file = path.join(folder({ 'code.js': code }), 'code.js');
  const command = `'${process.execPath}' '${file}' ${redirect}`;
  const args =
    process.platform === 'linux' ? ['-qec', command, '/dev/null'] : ['-q', '/dev/null', '/bin/sh', '-c', command];
  const text = execFileSync('script', args, {
    encoding: 'utf8',
    env: environment(variables),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text.replaceAll('\r\n', '\n');
}

const take = (role, slot, text, stream = 'stdout') =>
  `output.take(${JSON.stringify({ role, id: 1, text, stream })}, ${JSON.stringify(role === 'alone' || slot === null ? {} : { slot })});`;
const prefixing = (settings, ...taken) => `
  const { Output } = require(${lib('output/output.js')});
  const output = new Output(null, ${JSON.stringify({ output: 'prefix', count: 2, ...settings })});
  ${taken.join('\n')}`;

describe("'prefix'", () => {
  test('each line has the name of its process, all of equal width', () => {
    const { stdout } = run(
      prefixing(
        { count: 10, alone: '/alone' },
        take('worker', 2, 'one\ntwo\n'),
        take('alone', null, 'three\n'),
        take('worker', 10, 'four\n'),
      ),
    );
    expect(stdout).toBe('worker 2  | one\nworker 2  | two\nalone     | three\nworker 10 | four\n');
  });

  test('names that become longer', () => {
    const { stdout } = run(
      prefixing({ count: 1 }, take('worker', 1, 'one\n'), take('worker', 12, 'two\n'), take('worker', 1, 'three\n')),
    );
    expect(stdout).toBe('worker 1 | one\nworker 12 | two\nworker 1  | three\n');
  });

  test('a standby worker has no slot in its name', () => {
    const { stdout } = run(prefixing({}, take('worker', null, 'booting\n')));
    expect(stdout).toBe('standby  | booting\n');
  });

  test('empty lines, white space, and a line without an end', () => {
    const { stdout } = run(
      prefixing(
        {},
        take('worker', 1, 'Error: x\n    at y\n\n'),
        take('worker', 2, 'part of a line'),
        take('worker', 1, '\n'),
      ),
    );
    expect(stdout).toBe(
      'worker 1 | Error: x\nworker 1 |     at y\nworker 1 | \nworker 2 | part of a line\nworker 1 | \n',
    );
  });

  test('stdout goes to stdout, stderr to stderr', () => {
    const ran = run(prefixing({}, take('worker', 1, 'out\n', 'stdout'), take('worker', 1, 'err\n', 'stderr')));
    expect(ran).toEqual({ stdout: 'worker 1 | out\n', stderr: 'worker 1 | err\n' });
  });
});

describe('the colours of the names', () => {
  const code = prefixing(
    { alone: '/alone' },
    take('worker', 1, 'a\n'),
    take('worker', 2, 'a\n'),
    take('alone', null, 'a\n'),
  );
  const plain = 'worker 1 | a\nworker 2 | a\nalone    | a\n';
  const painted =
    // eslint-disable-next-line no-control-regex
    /^\x1b\[(\d+)mworker 1 \|\x1b\[39m a\n\x1b\[(\d+)mworker 2 \|\x1b\[39m a\n\x1b\[(\d+)malone {4}\|\x1b\[39m a\n$/;

  test('on a terminal each process has its own', () => {
    const [, ...colors] = painted.exec(runOnTerminal(code));
    expect(new Set(colors).size).toBe(3);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['NODE_DISABLE_COLORS', { NODE_DISABLE_COLORS: '1' }],
    ['TERM=dumb', { TERM: 'dumb' }],
  ])('none on a terminal with %s', (_what, variables) => {
    expect(runOnTerminal(code, variables)).toBe(plain);
  });

  test('none in a pipe; FORCE_COLOR forces them', () => {
    expect(run(code).stdout).toBe(plain);
    expect(run(code, { FORCE_COLOR: '0' }).stdout).toBe(plain);
    expect(run(code, { FORCE_COLOR: '1' }).stdout).toMatch(painted);
  });
});

describe('FORCE_COLOR for the children', () => {
  const forced = (config = {}) => `
    const { toLaunch } = require(${lib('config/settings.js')});
    const { normalize } = require(${lib('config/index.js')});
    const config = { exec: __filename, alone: false, mode: 'production', output: 'prefix', ...${JSON.stringify(config)} };
    const found = toLaunch(normalize(config)).env.find((variable) => variable.startsWith('FORCE_COLOR='));
    require('fs').writeFileSync(__filename + '.json', JSON.stringify(found?.slice('FORCE_COLOR='.length) ?? null));`;
  const onTerminal = (config, variables, redirect) => {
    const told = `${forced(config)} console.log(require('fs').readFileSync(__filename + '.json', 'utf8'));`;
    return runOnTerminal(told, variables, redirect).trim();
  };

  test.each([
    ['16 colours', { TERM: 'xterm' }, '"1"'],
    ['256 colours', { TERM: 'xterm-256color' }, '"2"'],
    ['16 million colours', { TERM: 'xterm', COLORTERM: 'truecolor' }, '"3"'],
    ['no colours', { TERM: 'dumb' }, 'null'],
    ['NO_COLOR', { NO_COLOR: '1' }, 'null'],
    ['NODE_DISABLE_COLORS', { NODE_DISABLE_COLORS: '1' }, 'null'],
    ["the user's own", { FORCE_COLOR: '0' }, '"0"'],
  ])('a terminal, %s', (_what, variables, value) => {
    expect(onTerminal({}, { COLORTERM: undefined, TMUX: undefined, ...variables })).toBe(value);
  });

  test("the config's env has the last word", () => {
    expect(onTerminal({ env: { FORCE_COLOR: '0' } })).toBe('"0"');
    expect(onTerminal({ env: { NO_COLOR: '1' } })).toBe('null');
  });

  test("only with 'prefix'", () => {
    expect(onTerminal({ output: 'inherit' })).toBe('null');
    expect(onTerminal({ output: 'pipe' })).toBe('null');
  });

  test('not if stderr goes elsewhere', () => {
    expect(onTerminal({}, {}, '2>/dev/null')).toBe('null');
  });
});

describe("'pipe'", () => {
  const event = (text, stream = 'stdout') => ({ role: 'worker', id: 7, text, stream });

  function piped() {
    const cluster = new EventEmitter();
    const child = Object.assign(new EventEmitter(), { slot: 1 });
    const heard = [];
    child.on('output', (...args) => heard.push(['child', ...args]));
    cluster.on('output', (...args) => heard.push(['cluster', ...args]));
    return { cluster, child, heard, output: new Output(cluster, { output: 'pipe', count: 1 }) };
  }

  test('the child and then the cluster emit it', () => {
    const { output, child, heard } = piped();
    output.take(event('text\n', 'stderr'), child);
    expect(heard).toEqual([
      ['child', 'text\n', 'stderr'],
      ['cluster', child, 'text\n', 'stderr'],
    ]);
  });

  test('also of a child that has ended', () => {
    const { output, child, heard } = piped();
    output.keep({ role: 'worker', id: 7 }, child);
    output.keep({ role: 'alone', id: 7 }, new EventEmitter());
    output.take(event('late\n'), undefined);
    expect(heard).toEqual([
      ['child', 'late\n', 'stdout'],
      ['cluster', child, 'late\n', 'stdout'],
    ]);
  });

  test('who writes it to stdout is waited for', () => {
    const code = `
      const { EventEmitter } = require('events');
      const { Output } = require(${lib('output/output.js')});
      const cluster = new EventEmitter().on('output', (child, text) => process.stdout.write(text));
      const master = { pauseOutput: (stream, isPaused) => console.error(stream, isPaused) };
      const output = new Output(cluster, { output: 'pipe', count: 1 }, master);
      const text = 'x'.repeat(2 * 1024 * 1024);
      for (let i = 0; i < 2; i += 1) output.take({ role: 'worker', id: 1, text, stream: 'stdout' }, new EventEmitter());`;
    const { stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', maxBuffer: Infinity });
    expect(stderr).toBe('stdout true\nstdout false\n');
  });

  test('if nobody listens there is a warning, once', () => {
    const { stderr, stdout } = run(`
      const { EventEmitter } = require('events');
      const { Output } = require(${lib('output/output.js')});
      const output = new Output(new EventEmitter(), { output: 'pipe', count: 1 });
      process.on('warning', ({ name, code }) => console.log(name, code));
      const heard = new EventEmitter().on('output', () => {});
      for (const child of [heard, new EventEmitter(), new EventEmitter()]) output.take({ role: 'worker', id: 1, text: 'x', stream: 'stdout' }, child);`);
    expect(stdout).toBe('ClusterWarning CLUSTER_OUTPUT_UNHEARD\n');
    expect(stderr).toContain("set `output` to 'inherit' or 'prefix'");
  });
});
