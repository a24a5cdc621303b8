'use strict';

const { inspectorPorts } = require('../../lib/config/inspector');

const found = (host, port, waits = false) => ({ host, port, waits });

test('without an inspector the flags stay as they are', () => {
  const flags = ['--max-old-space-size=100', '--inspect-port=9000', '--require', './inspect'];
  expect(inspectorPorts(flags, '--no-warnings --inspect-port=1')).toEqual({ flags });
  expect(inspectorPorts([], undefined)).toEqual({ flags: [] });
});

test.each([
  [['--inspect'], ['--inspect'], found('', 9229)],
  [['--inspect=9300'], ['--inspect'], found('', 9300)],
  [['--inspect=0'], ['--inspect'], found('', 0)],
  [['--inspect=localhost:9300'], ['--inspect'], found('localhost', 9300)],
  [['--inspect=0.0.0.0'], ['--inspect'], found('0.0.0.0', 9229)],
  [['--inspect=[::1]:9300'], ['--inspect'], found('[::1]', 9300)],
  [['--inspect-brk=9300', '-r', 'x'], ['--inspect-brk', '-r', 'x'], found('', 9300, true)],
  [['--inspect', '--inspect-port=9300'], ['--inspect'], found('', 9300)],
  [['--inspect', '--debug-port', '9300', '-r', 'x'], ['--inspect', '-r', 'x'], found('', 9300)],
  [['--inspect-wait=1.2.3.4:9300'], ['--inspect-wait'], found('1.2.3.4', 9300, true)],
])('%j', (flags, rest, inspector) => {
  expect(inspectorPorts(flags)).toEqual({ flags: rest, ...inspector });
});

test('from NODE_OPTIONS; what the command line says comes after it', () => {
  expect(inspectorPorts(['-r', 'x'], '--inspect=1.2.3.4:9300')).toEqual({ flags: ['-r', 'x'], ...found('1.2.3.4', 9300) });
  expect(inspectorPorts(['--inspect-port=9400'], '--inspect-brk=9300')).toEqual({ flags: [], ...found('', 9400, true) });
});
