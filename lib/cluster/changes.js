'use strict';

// reload() and scale(): what is asked of the master while the cluster runs, and its answers.

const { notReady, notScaled } = require('./child-failure');
const { ClusterError, reviveError } = require('../errors');
const { aloneFiles } = require('../scripts/alone-files');
const { loaderFor } = require('../config');
const { resolveExec } = require('../config/paths');
const { checkReload, checkCount } = require('../config/changes');
const { checkInspector } = require('../config/inspector');
const { toLaunch } = require('../config/settings');
const { movedLink } = require('./moved-link');

/** What the codes of a reload that was given up mean (core/rollout/report.rs), where no process's end says more. */
const WHY = {
  'not-running': 'the cluster is not running. Call it when the cluster is ready and not closed',
  'under-way': 'another one is under way',
  closed: 'the cluster was closed',
  'did-not-stay': 'a new worker did not stay',
  'alone-not-ready': 'the new alone did not become ready',
  'not-ready': 'a new process did not become ready',
};

/** There was none. */
const NOT_BEGUN = ['not-running', 'under-way'];

class Changes {
  #master;
  #settings;
  #last = 0;
  /** By the number under which the master answers. */
  #waiting = new Map();
  /** The master takes one reload at a time: what the next one is launched with depends on how this one ends. */
  #underWay = false;
  /** The one reload that follows: all that were asked for meanwhile. */
  #next = null;
  /** The one that waits for another than ours. */
  #postponed = null;
  /** In development: whether there is something to say about the app's folder. */
  #checkFolder;

  constructor(master, settings) {
    this.#master = master;
    this.#settings = settings;
    this.#checkFolder = settings.mode === 'development' ? movedLink(settings.entered) : () => {};
  }

  reload(options = {}) {
    checkReload(options);
    if (options.target && options.target !== 'worker' && !this.#settings.alone) {
      const message = `reload(): \`target: '${options.target}'\` needs an alone process; this cluster has none.`;
      throw new ClusterError('ERR_NO_ALONE', message);
    }
    const target = this.#settings.alone ? this.#settings.reloadTarget : 'worker';
    const change = { target, ...given(options), ...this.#script(options) };
    return new Promise((resolve, reject) => {
      const asker = { resolve, reject };
      if (this.#underWay) this.#next = merge(this.#next, change, asker);
      else this.#begin({ ...change, askers: [asker] });
    });
  }

  /** On what holds now: what a reload that failed asked for is not part of it. */
  #begin(change) {
    const { env, exec, args, target, concurrency = 1, askers } = change;
    const reject = (error) => askers.forEach((asker) => asker.reject(error));
    const before = this.#settings;
    const asked = { ...before, env: { ...before.env, ...env }, exec: exec ?? before.exec, args: args ?? before.args };
    const id = ++this.#last;
    let settings;
    try {
      settings = { ...asked, ...loaders(asked, target) };
      this.#master.reload(id, JSON.stringify(toLaunch(settings)), target, concurrency);
    } catch (cause) {
      reject(invalid(cause));
      // It may have waited, and others for it.
      this.#goOn();
      return;
    }
    this.#underWay = true;
    this.#waiting.set(id, {
      change,
      settings,
      resolve: (report) => askers.forEach(({ resolve }) => resolve(report)),
      reject,
    });
  }

  #script({ exec, env }) {
    const launch = { ...this.#settings, env: { ...this.#settings.env, ...env } };
    try {
      checkInspector(launch);
      if (exec === undefined) return {};
      const file = resolveExec(exec, this.#settings.cwd);
      loaderFor('exec', exec, [file], launch);
      return { exec: file };
    } catch (cause) {
      throw invalid(cause);
    }
  }

  scale(count) {
    checkCount(count);
    if (this.#settings.mode !== 'production') {
      const remedy = 'Start it with `mode: "production"` or NODE_ENV=production to scale it.';
      throw new ClusterError('ERR_DEVELOPMENT', `scale(): in development there is always 1 worker. ${remedy}`);
    }
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#master.scale(id, count);
    });
  }

  /** Gives the report; undefined where no reload was possible. */
  reloaded({ id, ok, reason, failure, replaced }) {
    this.#checkFolder();
    const report = { ok, replaced, ...(!ok && { reason, error: failureOf(failure, reason, this.#settings) }) };
    // A change of a file, or what the control socket was told, is no request of this process.
    if (id === undefined) this.#waitNoMore();
    else if (reason === 'under-way') this.#postpone(this.#take(id));
    else this.#answer(this.#take(id), report);
    return NOT_BEGUN.includes(reason) ? undefined : report;
  }

  /** One by the control socket is under way, of which this process hears when it is over. */
  #postpone({ change }) {
    this.#postponed = change;
  }

  #waitNoMore() {
    const change = this.#postponed;
    this.#postponed = null;
    if (change) this.#begin(change);
  }

  #answer({ settings, resolve, reject }, report) {
    const { ok, reason } = report;
    if (ok) this.#settings = settings;
    if (reason === 'not-running') reject(new ClusterError('ERR_NOT_RUNNING', `reload(): ${WHY[reason]}.`));
    else resolve(report);
    this.#goOn();
  }

  /** With the next one. */
  #goOn() {
    this.#underWay = false;
    const next = this.#next;
    this.#next = null;
    if (next) this.#begin(next);
  }

  scaled({ id }) {
    this.#take(id).resolve();
  }

  notScaled(event) {
    this.#take(event.id).reject(notScaled(event, this.#settings));
  }

  /** The cluster is over, and the master answers nothing more. */
  close(reason) {
    const followers = [this.#postponed, this.#next].flatMap((change) => change?.askers ?? []);
    const waiting = [...this.#waiting.values(), ...followers];
    this.#waiting.clear();
    this.#postponed = null;
    this.#next = null;
    for (const one of waiting) one.reject(reason);
  }

  #take(id) {
    const one = this.#waiting.get(id);
    this.#waiting.delete(id);
    return one;
  }
}

/** What loads TypeScript, looked for each time: the app's folder may be a link that leads to another release by now. */
function loaders(settings, target) {
  const { exec, alone } = settings;
  const workerLoader = loaderFor('exec', undefined, [exec], settings);
  if (!alone || target === 'worker') return { workerLoader };
  return { workerLoader, aloneLoader: loaderFor('alone', undefined, aloneFiles(alone), settings) };
}

function invalid(cause) {
  return new ClusterError('ERR_RELOAD_INVALID', cause.message.replace('cluster config:', 'reload():'), { cause });
}

/** Without what is undefined: it would hide what was given before. */
function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Several reloads as one: of each option the last one that was given, and of `env` each variable's. */
function merge(before, change, asker) {
  if (!before) return { ...change, askers: [asker] };
  return {
    ...before,
    ...given(change),
    env: { ...before.env, ...change.env },
    target: before.target === change.target ? change.target : 'all',
    askers: [...before.askers, asker],
  };
}

/** Why a new process did not stay. */
function failureOf(failure, reason, settings) {
  if (!failure) return new ClusterError('ERR_RELOAD_FAILED', `reload(): ${WHY[reason]}.`);
  const who = failure.role === 'alone' ? 'the new alone' : `the new worker of slot ${failure.slot}`;
  const cause = failure.error ? reviveError(failure.error) : undefined;
  return new ClusterError(
    'ERR_RELOAD_FAILED',
    `reload(): ${who} (pid ${failure.pid ?? null}) ${how(failure, settings)}.`,
    { cause },
  );
}

function how(failure, settings) {
  const { cause, code, signal, wasReady, detail, error } = failure;
  const when = wasReady ? 'soon after it was ready' : 'before it was ready';
  const why = error?.message ? `: ${error.message}` : '';
  if (cause === 'timeout') return notReady(failure, settings);
  if (cause === 'spawn') return `could not be started: ${detail}`;
  return `ended ${when} (${signal ?? `exit code ${code}`})${why}`;
}

module.exports = { Changes };
