'use strict';

const { execFileSync } = require('node:child_process');
const { Console } = require('node:console');
const { PassThrough } = require('node:stream');
const pino = require('pino');
const { createLog } = require('../../lib/output/log');

const lib = (name) => JSON.stringify(require.resolve(`../../lib/${name}`));

/** The lines that a process writes to stderr which runs this. */
function stderrOf(code, variables = {}) {
  const env = { ...process.env, YUNFLY_LOG: undefined, ...variables };
  const script = `const { createLog } = require(${lib('output/log')}); ${code}`;
  const command = `exec "$0" --no-warnings -e "$1" 2>&1 >/dev/null`;
  const text = execFileSync('/bin/sh', ['-c', command, process.execPath, script], { encoding: 'utf8', env });
  return text.split('\n').slice(0, -1);
}

const everyLevel =
  "const log = createLog({ title: 'shop' }); for (const level of ['error', 'warn', 'info', 'debug']) log[level](level);";

/** What a stream got, as text. */
function sink() {
  const stream = new PassThrough({ encoding: 'utf8' });
  const text = () => {
    let whole = '';
    for (let part = stream.read(); part !== null; part = stream.read()) whole += part;
    return whole;
  };
  return { stream, text };
}

describe('without a logger: lines on stderr', () => {
  test.each([
    [undefined, ['error', 'warn']],
    ['off', []],
    ['error', ['error']],
    ['info', ['error', 'warn', 'info']],
    ['DEBUG', ['error', 'warn', 'info', 'debug']],
    ['trace', ['error', 'warn', 'info', 'debug']],
    ['everything', ['error', 'warn']],
  ])('YUNFLY_LOG=%s', (value, levels) => {
    expect(stderrOf(everyLevel, { YUNFLY_LOG: value })).toEqual(levels.map((level) => `shop: ${level}`));
  });

  test('fields stand behind the text', () => {
    const fields = "{ pid: 7, path: '/a', empty: '', why: 'not \"ready\"', list: [1], none: undefined }";
    const [line] = stderrOf(`createLog({ title: 'shop' }).warn('it %s', ${fields});`);
    expect(line).toBe('shop: it %s pid=7 path=/a empty="" why="not \\"ready\\"" list=[1] none=undefined');
  });

  test.each(['json', 'warn,json', 'json, warn'])('YUNFLY_LOG=%s: JSON', (value) => {
    const lines = stderrOf(`createLog({ title: 'shop' }).warn('two\\nlines', { pid: 7, level: 'mine' });`, {
      YUNFLY_LOG: value,
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        level: 'WARN',
        cluster: 'shop',
        message: 'two\nlines',
        pid: 7,
      },
    ]);
  });

  test('a stderr that nobody reads does no harm', () => {
    const code = `
      const { once } = require('node:events');
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(`
        const log = require(${lib('output/log')}).createLog({ title: 'shop' });
        process.stdin.on('end', () => {
          log.warn('first');
          setImmediate(() => { log.warn('second'); setImmediate(() => process.exit(7)); });
        }).resume();`)}], { stdio: ['pipe', 'ignore', 'pipe'] });
      child.stderr.destroy();
      child.stderr.on('close', () => child.stdin.end());
      once(child, 'exit').then(([code]) => console.error(code));`;
    expect(stderrOf(code)).toEqual(['7']);
  });
});

describe('with a logger', () => {
  const variable = process.env.YUNFLY_LOG;
  beforeEach(() => delete process.env.YUNFLY_LOG);
  afterAll(() => {
    if (variable !== undefined) process.env.YUNFLY_LOG = variable;
  });

  test('console and the like get one text', () => {
    const { stream, text } = sink();
    createLog({ title: 'shop', logger: new Console(stream) }).warn('100 %d', { pid: 7 });
    expect(text()).toBe('shop: 100 %d pid=7\n');
  });

  test.each([
    ['pino', (logger) => logger],
    ['a child of pino', (logger) => logger.child({})],
  ])('%s gets the fields as fields', (_what, made) => {
    const { stream, text } = sink();
    createLog({ title: 'shop', logger: made(pino({ base: null }, stream)) }).error('100 %d', { workers: 7 });
    expect(JSON.parse(text())).toEqual({
      level: 50,
      time: expect.any(Number),
      cluster: 'shop',
      workers: 7,
      msg: '100 %d',
    });
  });

  test.each([
    [undefined, ['error', 'warn', 'info']],
    ['error', ['error']],
    ['debug,json', ['error', 'warn', 'info', 'debug']],
  ])('YUNFLY_LOG=%s', (value, levels) => {
    if (value) process.env.YUNFLY_LOG = value;
    const { stream, text } = sink();
    const log = createLog({ title: 'shop', logger: new Console(stream) });
    for (const level of ['error', 'warn', 'info', 'debug']) log[level](level);
    expect(text()).toBe(levels.map((level) => `shop: ${level}\n`).join(''));
  });

  test('its functions are called as its own', () => {
    class Logger {
      #lines = [];
      info(text) {
        this.#lines.push(text);
      }
      lines = () => this.#lines;
    }
    const logger = new Logger();
    createLog({ title: 'shop', logger }).info('text');
    expect(logger.lines()).toEqual(['shop: text']);
  });

  test.each([
    ['throws', "() => { throw new Error('no disk'); }"],
    ['rejects', "async () => { throw new Error('no disk'); }"],
    ['throws what is no error', "() => { throw 'no disk'; }"],
  ])('one that %s: the line is on stderr', (_how, call) => {
    const code = `createLog({ title: 'shop', logger: { warn: ${call} } }).warn('text', { pid: 7 });`;
    expect(stderrOf(code)).toEqual(['shop: text pid=7 loggerError="no disk"']);
  });
});
