'use strict';

// What this process writes to its stdout and stderr itself, and whether in colour.

const timers = require('../real-timers');

/** Of FORCE_COLOR, for the bits that Node gives as a stream's depth. */
const FORCED = { 4: '1', 8: '2', 24: '3' };
const SETTLED_BY = ['FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS'];

/** Writes that are under way. */
const underWay = { stdout: 0, stderr: 0 };
const ignore = () => {};

/** To a stream that nobody reads any more (EPIPE) nothing can be written, which must not end the app. (Node's console means
 *  to do this, but its second write to such a stream is an uncaught exception.) */
function write(name, text, then = () => {}) {
  const stream = process[name];
  const done = () => {
    underWay[name] -= 1;
    if (underWay[name] === 0) stream.off('error', ignore);
    then();
  };
  underWay[name] += 1;
  if (underWay[name] === 1) stream.on('error', ignore);
  // The event 'error' comes after this callback.
  stream.write(text, (error) => (error ? timers.setImmediate(done) : done()));
}

/** Resolves when all that was written is out, by the app as well, which may hand on its children's output itself; or after `limit` ms:
 *  somebody who does not read is not waited for, nor one who has replaced stdout.write() and drops the callbacks. */
async function written(limit) {
  const all = ['stdout', 'stderr']
    .filter((name) => process[name].writableLength > 0 && !process[name].destroyed)
    .map((name) => new Promise((then) => write(name, '', then)));
  if (all.length === 0) return;
  let timer;
  await Promise.race([Promise.all(all), new Promise((resolve) => (timer = timers.setTimeout(resolve, limit)))]);
  timers.clearTimeout(timer);
}

/** As Node has it: 1 (no colours), 4, 8 or 24 bits. Node asks a terminal only, but FORCE_COLOR is for every stream. */
function colorDepth(stream, env = process.env) {
  if (!stream.isTTY && env.FORCE_COLOR === undefined) return 1;
  return require('tty').WriteStream.prototype.getColorDepth.call(stream, env);
}

/** FORCE_COLOR for children whose output is read here: their own stdout is a pipe, but what is shown is shown on a
 *  terminal. `env`: what they would have otherwise. Undefined where there is nothing to force. */
function forcedColor(env) {
  if (SETTLED_BY.some((name) => env[name] !== undefined)) return undefined;
  // What goes to a file is not to have colours in it, and FORCE_COLOR is for both streams.
  return process.stdout.isTTY && process.stderr.isTTY ? FORCED[colorDepth(process.stdout, env)] : undefined;
}

module.exports = { write, written, colorDepth, forcedColor };
