'use strict';

// A worker writes 20,000 lines just before its end, into a pipe that is read slowly.

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const { ask } = require('../../lib/ask');
const { LINES, LINE } = require('../app/pages');
const { withPeer } = require('../peers');

const PATIENCE_MS = 30_000;
/** Of what Node's stream holds, 64 KiB at most. */
const READ_EVERY_MS = 150;
/** When nothing has come for so long, everything has. */
const QUIET_MS = 1000;
const WHOLE = new RegExp(`^\\d+ ${LINE}$`, 'gm');

/** Reads slowly from the beginning on; `all()` resolves with what came until it became quiet. */
function readSlowly(stream) {
  let text = '';
  let last = performance.now();
  const timer = setInterval(() => {
    const part = stream.read();
    if (part === null) return;
    text += part;
    last = performance.now();
  }, READ_EVERY_MS);
  // Without a listener nothing would be read ahead; 'end' has to be heard, too.
  stream.setEncoding('latin1').on('readable', () => {});
  return {
    async all() {
      while (performance.now() - last < QUIET_MS) await sleep(READ_EVERY_MS);
      clearInterval(timer);
      return text;
    },
  };
}

async function measure(peer, act) {
  return withPeer(peer, { workers: 1, ownStdout: true }, async (running) => {
    const output = readSlowly(running.subject.process.stdout);
    const { outcome } = await ask(running.port, '/lines', PATIENCE_MS);
    if (outcome !== 'answered') throw new Error(`the request for the lines: ${outcome}`);
    await running[act](PATIENCE_MS);
    const piped = await output.all();
    const text = running.outFile ? fs.readFileSync(running.outFile, 'latin1') : piped;
    return { lines: text.match(WHOLE)?.length ?? 0, isFile: running.outFile !== null };
  });
}

const run = async (peer) => ({
  reload: peer.reloads && (await measure(peer, 'reload')),
  stop: await measure(peer, 'stop'),
});

const cell = ({ lines, isFile }) => `${lines.toLocaleString('en')}${isFile ? ' (in its log file)' : ''}`;

module.exports = {
  name: 'stdout',
  run,
  rows: ['reload', 'stop'].map((when) => ({
    what: `${when}: of ${LINES.toLocaleString('en')} lines to a slow pipe just before it, there arrive`,
    show: (values) => values[when] && cell(values[when]),
  })),
};
