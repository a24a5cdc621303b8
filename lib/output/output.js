'use strict';

// What becomes of the children's output where they don't write to this process's stdout and stderr by themselves.

const { createColors } = require('picocolors');
const { warn } = require('../warn');
const { colorDepth, write } = require('./terminal');

const COLORS_OF_WORKERS = [
  'cyan',
  'yellow',
  'green',
  'magenta',
  'blue',
  'cyanBright',
  'yellowBright',
  'greenBright',
  'magentaBright',
];
const COLOR_OF_THE_ALONE = 'blueBright';
/** What a process wrote may be read after its end, and what it forked may hold its pipes for ever: so many are remembered. */
const MOST_ENDED = 1000;
const MOST_UNWRITTEN_BYTES = 1024 * 1024;

class Output {
  #cluster;
  #emits;
  #ended = new Map();
  #width;
  #colors;
  #isUnheard = false;
  #master;
  /** Streams of this process that somebody reads too slowly. */
  #slow = new Set();

  constructor(cluster, { output, count, alone }, master) {
    this.#cluster = cluster;
    this.#master = master;
    this.#emits = output === 'pipe';
    this.#width = Math.max(nameOf('worker', { slot: count }).length, alone ? nameOf('alone').length : 0);
    this.#colors = {
      stdout: createColors(colorDepth(process.stdout) > 1),
      stderr: createColors(colorDepth(process.stderr) > 1),
    };
  }

  /** Nobody else knows this child any more. */
  keep({ role, id }, child) {
    this.#ended.set(`${role} ${id}`, child);
    if (this.#ended.size > MOST_ENDED) this.#ended.delete(this.#ended.keys().next().value);
  }

  /** `child`: undefined if it has ended. */
  take({ role, id, text, stream }, child = this.#ended.get(`${role} ${id}`)) {
    if (this.#emits && child) this.#emit(child, text, stream);
    else this.#print(role, child, text, stream);
    // Who listens may have written it there.
    if (process[stream].writableLength > MOST_UNWRITTEN_BYTES && !this.#slow.has(stream)) this.#pause(stream);
  }

  #emit(child, text, stream) {
    const wasHeard = child.emit('output', text, stream);
    if (this.#cluster.emit('output', child, text, stream) || wasHeard || this.#isUnheard) return;
    this.#isUnheard = true;
    const remedy = "Listen to it, or set `output` to 'inherit' or 'prefix'.";
    warn(
      'CLUSTER_OUTPUT_UNHEARD',
      `output: 'pipe': nobody listens to the event \`output\`, and what children print is lost. ${remedy}`,
    );
  }

  /** With one write, so that nothing comes between its lines. */
  #print(role, child, text, stream) {
    const name = nameOf(role, child);
    this.#width = Math.max(this.#width, name.length);
    const paint = this.#colors[stream][colorOf(role, child)];
    const prefix = `${paint(`${name.padEnd(this.#width)} |`)} `;
    const block = text.endsWith('\n') ? text.slice(0, -1) : text;
    write(stream, `${prefix}${block.split('\n').join(`\n${prefix}`)}\n`);
  }

  /** Until it is written the children wait, as they would if they wrote to it by themselves. */
  #pause(stream) {
    this.#slow.add(stream);
    this.#master.pauseOutput(stream, true);
    const resume = () => {
      process[stream].off('drain', resume);
      if (this.#slow.delete(stream)) this.#master.pauseOutput(stream, false);
    };
    // Who has replaced stdout.write() may drop the callback, and a stream that is broken never drains.
    process[stream].once('drain', resume);
    write(stream, '', resume);
  }
}

function nameOf(role, child) {
  if (role === 'alone') return 'alone';
  if (!child) return 'worker';
  return child.slot === undefined ? 'standby' : `worker ${child.slot}`;
}

function colorOf(role, child) {
  if (role === 'alone') return COLOR_OF_THE_ALONE;
  return child?.slot === undefined ? 'gray' : COLORS_OF_WORKERS[(child.slot - 1) % COLORS_OF_WORKERS.length];
}

module.exports = { Output };
