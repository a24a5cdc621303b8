'use strict';

const { spawnSync } = require('node:child_process');
const { ClusterError } = require('../../lib/errors');
const { inspectorPorts } = require('../../lib/config/inspector');

const found = (host, port, waits = false) => ({ host, port, waits });

test('without an inspector the flags stay as they are', () => {
  const flags = ['--max-old-space-size=100', '--inspect-port=9000', '--require', './inspect'];
  expect(inspectorPorts(flags, '--no-warnings --inspect-port=9001')).toEqual({ flags });
  expect(inspectorPorts([], undefined)).toEqual({ flags: [] });
});

test.each([
  [['--inspect'], ['--inspect'], found('', 9229)],
  [['--inspect=9300'], ['--inspect'], found('', 9300)],
  [['--inspect=0'], ['--inspect'], found('', 0)],
  [['--inspect=localhost:9300'], ['--inspect'], found('localhost', 9300)],
  [['--inspect=0.0.0.0'], ['--inspect'], found('0.0.0.0', 9229)],
  [['--inspect=[::1]:9300'], ['--inspect'], found('[::1]', 9300)],
  [['--inspect=[::1]'], ['--inspect'], found('[::1]', 9229)],
  [['--inspect=::1:9300'], ['--inspect'], found('::1', 9300)],
  [['--inspect=:9300'], ['--inspect'], found('', 9300)],
  [['--inspect=1.2.3.4:9300', '--inspect=9400'], ['--inspect', '--inspect'], found('1.2.3.4', 9400)],
  [['--inspect-brk=9300', '-r', 'x'], ['--inspect-brk', '-r', 'x'], found('', 9300, true)],
  [['--inspect', '--inspect-port=9300'], ['--inspect'], found('', 9300)],
  [['--inspect', '--debug-port', '9300', '-r', 'x'], ['--inspect', '-r', 'x'], found('', 9300)],
  [['--inspect-wait=1.2.3.4:9300'], ['--inspect-wait'], found('1.2.3.4', 9300, true)],
])('%j', (flags, rest, inspector) => {
  expect(inspectorPorts(flags)).toEqual({ flags: rest, ...inspector });
});

test('from NODE_OPTIONS; what the command line says comes after it', () => {
  expect(inspectorPorts(['-r', 'x'], '--inspect=1.2.3.4:9300')).toEqual({
    flags: ['-r', 'x'],
    ...found('1.2.3.4', 9300),
  });
  expect(inspectorPorts(['--inspect-port=9400'], '--inspect-brk=9300')).toEqual({
    flags: [],
    ...found('', 9400, true),
  });
});

test.each([
  [['--inspect=9600'], '--inspect=127.0.0.2:9500'],
  [['--inspect=127.0.0.3'], '--inspect=127.0.0.2:9500'],
  [['--inspect'], '--inspect-port=127.0.0.2:9500'],
  [['--inspect-port=9600'], '--inspect=127.0.0.2:9500'],
  [[], String.raw`--title="a \"b --inspect=1" --inspect="127.0.0.2:9500"`],
  [[], String.raw`--title="a\\" "--inspect=127.0.0.2":9500 ""`],
  [[], '--title=a\t--inspect=9500 --inspect-port=9600 --inspect'],
])('%j with NODE_OPTIONS=%s: as Node itself has it', (flags, nodeOptions) => {
  const { host, port } = inspectorPorts(flags, nodeOptions);
  expect(addressOfNode(flags, nodeOptions)).toBe(`${host || '127.0.0.1'}:${port}`);
});

/** Where Node's inspector really listens, by what it tells on stderr. */
function addressOfNode(flags, nodeOptions) {
  const env = { ...process.env, NODE_OPTIONS: nodeOptions };
  const { stderr } = spawnSync(process.execPath, [...flags, '-e', ''], { env, encoding: 'utf8' });
  return /(?:ws:\/\/|Starting inspector on )([^/ ]+:\d+)/.exec(stderr)?.[1];
}

test.each([
  ['--inspect=foo:bar', 'bar'],
  ['--inspect=localhost:', ''],
  ['--inspect=localhost:70000', '70000'],
  ['--inspect=localhost:-1', '-1'],
  ['--inspect-brk=500', '500'],
  ['--inspect=::1', '1'],
  ['--inspect-port=[::1]9300', '1]9300'],
  ['--inspect=', ''],
])('%s is refused', (flag, port) => {
  for (const args of [[[flag]], [[], `--no-warnings ${flag}`]]) {
    const attempt = () => inspectorPorts(...args);
    expect(attempt).toThrow(ClusterError);
    const name = flag.slice(0, flag.indexOf('='));
    expect(attempt).toThrow(
      `the port of ${name} must be 0 (any) or from 1024 to 65535, but is '${port}'. Write ${name}=9229,`,
    );
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  }
});
