'use strict';

// reload() and scale(): what is asked of the master while the cluster runs, and its answers.

const { ClusterError, reviveError } = require('./errors');
const { resolveExec } = require('./config/paths');
const { checkReload, checkCount } = require('./config/changes');
const { toNativeConfig } = require('./native-config');

class Changes {
  #master;
  #settings;
  #last = 0;
  /** By the number under which the master answers. */
  #waiting = new Map();

  constructor(master, settings) {
    this.#master = master;
    this.#settings = settings;
  }

  reload(options = {}) {
    checkReload(options);
    const { env, exec, args, target = 'worker', concurrency = 1 } = options;
    if (target !== 'worker' && !this.#settings.alone) {
      throw new ClusterError('ERR_NO_ALONE', `reload(): \`target: '${target}'\` needs an alone process; this cluster has none.`);
    }
    const settings = {
      ...this.#settings,
      env: { ...this.#settings.env, ...env },
      exec: exec === undefined ? this.#settings.exec : resolveExec(exec, this.#settings.cwd),
      args: args === undefined ? this.#settings.args : [...args],
    };
    return this.#ask({ settings }, (id) => this.#master.reload(id, toNativeConfig(settings), target, concurrency));
  }

  scale(count) {
    checkCount(count);
    if (this.#settings.mode !== 'production') {
      const remedy = 'Start it with `mode: "production"` or NODE_ENV=production to scale it.';
      throw new ClusterError('ERR_DEVELOPMENT', `scale(): in development there is always 1 worker. ${remedy}`);
    }
    return this.#ask({}, (id) => this.#master.scale(id, count));
  }

  #ask(details, ask) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { ...details, resolve, reject });
      ask(id);
    });
  }

  /** Gives the report, once: several may have asked for the same reload. */
  reloaded({ data }) {
    const { ids, ok, reason, failure, replaced } = JSON.parse(data);
    const report = { ok, replaced, ...(!ok && { reason, error: failureOf(failure, reason) }) };
    const asked = ids.sort((a, b) => a - b).map((id) => this.#take(id));
    // Of several that are one the last one's options counted; they are those of later reloads too.
    if (ok) this.#settings = asked.at(-1)?.settings ?? this.#settings;
    for (const one of asked) one?.resolve(report);
    return report;
  }

  scaled({ data, reason }) {
    const one = this.#take(JSON.parse(data).id);
    if (reason) one?.reject(new ClusterError('ERR_CLOSED', `scale(): ${reason}.`));
    else one?.resolve();
  }

  #take(id) {
    const one = this.#waiting.get(id);
    this.#waiting.delete(id);
    return one;
  }
}

/** Why a new process did not stay. */
function failureOf(failure, reason) {
  if (!failure) return new ClusterError('ERR_RELOAD_FAILED', `reload(): ${reason}.`);
  const who = failure.slot === null ? 'the new alone' : `the new worker of slot ${failure.slot}`;
  const cause = failure.error ? reviveError(failure.error) : undefined;
  const error = new ClusterError('ERR_RELOAD_FAILED', `reload(): ${who} (pid ${failure.pid}) ${how(failure)}.`, { cause });
  return error;
}

function how({ kind, code, signal, wasReady, detail, error }) {
  const when = wasReady ? 'soon after it was ready' : 'before it was ready';
  const why = error?.message ? `: ${error.message}` : '';
  if (kind === 'timeout') return 'was not ready within startTimeout';
  if (kind === 'spawn') return `could not be started: ${detail}`;
  return `ended ${when} (${signal ?? `exit code ${code}`})${why}`;
}

module.exports = { Changes };
