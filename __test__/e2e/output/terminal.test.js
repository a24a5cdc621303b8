'use strict';

const path = require('node:path');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { script } = require('../support/files');

const inTerminal = { command: ['python3', path.join(__dirname, '../support/terminal.py')] };

test('children write to a terminal with `stty tostop`; Ctrl-C reaches only the app', async () => {
  const app = await start({ count: 2, alone: fixture('alone/reporting.js') }, inTerminal);
  const slow = request(await app.port(), '/slow?ms=500');
  await app.report('slow');
  app.kill('SIGUSR1');
  await expect(slow).resolves.toMatchObject({ status: 200 });
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.events('exit').map(([, ...rest]) => rest)).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('a child that reads the terminal is not stopped: it has none', async () => {
  const exec = script(`
    const fs = require('node:fs');
    let outcome;
    try {
      outcome = fs.readSync(fs.openSync('/dev/tty'), Buffer.alloc(1));
    } catch ({ code }) {
      outcome = code;
    }
    require('node:http').createServer((request, response) => response.end(String(outcome))).listen(0);
  `);
  const app = await start({ count: 1, exec }, inTerminal);
  await expect(request(await app.port())).resolves.toMatchObject({ text: 'ENXIO' });
  await app.call('close');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});
