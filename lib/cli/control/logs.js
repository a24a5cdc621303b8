'use strict';

const { once } = require('events');
const { setTimeout: sleep } = require('timers/promises');
const { ClusterError } = require('../../errors');
const { LogTail, notAFile } = require('./log-tail');

const LINES = 15;
const LOOK_EACH_MS = 200;
/** Workers may be added meanwhile. */
const LOOKS_UNTIL_ASKED = 5;

/** Shows the end of the log files, and with `follow` what comes, until the cluster ends. They are read here: the master has more to do. */
async function logs(cluster, { operand: slot, lines = LINES, follow, reopen, json }) {
  if (reopen) return reopened(await cluster.reopenLogs());
  // Nobody reads any more (`| head`).
  process.stdout.on('error', () => process.exit());
  const tails = new Tails(cluster, { slot, lines, isJson: json });
  await tails.look();
  if (follow) await goOn(tails);
  return undefined;
}

function reopened(files) {
  return { lines: [`${files} log file${files === 1 ? '' : 's'} opened anew`], json: { files } };
}

async function goOn(tails) {
  for (let looks = 1; ; looks += 1) {
    await sleep(LOOK_EACH_MS);
    const isThere = looks % LOOKS_UNTIL_ASKED !== 0 || (await tails.isThere());
    for (const tail of tails.all) await tails.print(tail, tail.log.more());
    if (isThere) continue;
    for (const tail of tails.all) await tails.print(tail, tail.log.finish());
    return;
  }
}

/** The files that are shown. */
class Tails {
  #cluster;
  #slot;
  #lines;
  #isJson;
  #lookedAt;
  all = [];

  constructor(cluster, { slot, lines, isJson }) {
    this.#cluster = cluster;
    this.#slot = slot;
    this.#lines = lines;
    this.#isJson = isJson;
  }

  /** Finds files that it does not know yet, and shows the end of each. Of one that was made since the last time all is new. */
  async look() {
    const now = Date.now();
    const { files, keep } = await this.#cluster.logs();
    const before = this.#lookedAt;
    this.#lookedAt = now;
    const known = this.all.map(({ path }) => path);
    for (const file of regular(chosen(files, this.#slot)).filter(({ path }) => !known.includes(path))) {
      const log = readable(file.path, () => new LogTail(file.path, keep));
      const tail = { ...file, log };
      this.all.push(tail);
      const isOlder = before === undefined || readable(file.path, () => log.isOlderThan(before));
      if (isOlder) await this.print(tail, log.last(this.#lines));
    }
  }

  /** Whether the cluster has not ended. */
  async isThere() {
    try {
      await this.look();
      return true;
    } catch (error) {
      // One that is busy is there.
      if (error.code === 'ERR_CONTROL_FAILED') return true;
      if (error.code === 'ERR_CLUSTER_NOT_FOUND') return false;
      throw error;
    }
  }

  /** `parts`: of its lines, which are read now. */
  async print(tail, parts) {
    for (;;) {
      const { value: lines, done } = readable(tail.path, () => parts.next());
      if (done) return;
      const text = lines.map((line) => `${this.#shown(tail, line)}\n`).join('');
      if (!process.stdout.write(text)) await once(process.stdout, 'drain');
    }
  }

  #shown({ role, slot, stream }, line) {
    if (this.#isJson) return JSON.stringify({ role, slot, stream: stream === 'all' ? null : stream, line });
    const name = [nameOf({ role, slot }), stream !== 'all' && stream].filter(Boolean).join(' ');
    return name === '' || (this.#slot !== undefined && stream === 'all') ? line : `${name} | ${line}`;
  }
}

function nameOf({ role, slot }) {
  return role === 'worker' ? `worker ${slot}` : role;
}

/** Those that can be read, if any can. */
function regular(files) {
  const found = files.map((file) => ({ file, other: readable(file.path, () => notAFile(file.path)) }));
  if (found.every(({ other }) => other)) throw found[0].other;
  return found.filter(({ other }) => !other).map(({ file }) => file);
}

function readable(path, read) {
  try {
    return read();
  } catch (error) {
    if (!error.syscall) throw error;
    const isForbidden = ['EACCES', 'EPERM'].includes(error.code);
    const remedy = isForbidden ? ' Correct its owner or its mode, or read it as another user.' : '';
    throw new ClusterError('ERR_OUTPUT_FILE', `${path} cannot be read: ${error.message}.${remedy}`);
  }
}

/** What one file has, is not shown from another one as well. */
function chosen(files, slot) {
  if (files.length === 0) {
    const remedy =
      "Set `output: { file: 'logs/app.log' }` (--output-file). Until then it is on the app's stdout and stderr";
    const why = `This cluster writes no log files. ${remedy}: journalctl, docker logs, or the app's terminal.`;
    throw new ClusterError('ERR_NO_OUTPUT_FILE', why);
  }
  const whole = files.filter(({ stream }) => stream === 'all');
  const shown = whole.length > 0 ? whole : files;
  if (slot === undefined) return shown;
  const found = shown.filter((file) => (slot === 'alone' ? file.role === 'alone' : file.slot === slot));
  if (found.length > 0) return found;
  if (shown.some(({ role }) => role === null)) {
    const why = 'One file has the output of all processes, in which nobody can tell them apart.';
    throw new ClusterError('ERR_NO_OUTPUT_FILE', `${why} Write {slot} into its name for one file per worker.`);
  }
  const what = slot === 'alone' ? 'There is no alone process.' : `Slot ${slot} has no log file.`;
  throw new ClusterError('ERR_NO_SUCH_SLOT', what);
}

module.exports = { chosen, logs };
