'use strict';

const { normalize } = require('../config');
const appTitle = require('./app-title');
const { closedError } = require('./closed');
const { ClusterError } = require('../errors');
const { toNativeConfig } = require('../config/settings');
const timers = require('../real-timers');
const { enter } = require('../messages/here');
const { limitedCodec } = require('../messages/serialization');
const { Observable } = require('./observable');
const { closeAtDispose, deferred, outOfPromise } = require('./promises');

/** As PID 1 of a container the app is the parent of every orphan in it. */
const REAP_MS = 5000;
const FOREVER_MS = 2 ** 31 - 1;
const PREPARE_AGAIN_MS = 1000;

/** Set by the preload in workers and in the alone. */
const ROLE = Symbol.for('yunfly.cluster.role');
/** Children load this package for request() and sendmessage() only. */
const Master = process[ROLE] ? undefined : require('../native/addon').Master;

/** The app's view of the cluster. What is to be done is decided by the native master: this forwards calls to it and
 *  hands its events on. */
class Cluster extends Observable {
  #settings;
  #codec;
  #endpoint;
  #topicEndpoint;
  /** created → supervising → closed; with `enable: false`: created → inProcess → closed */
  #state = 'created';
  #master;
  #dispatcher;
  #pump;
  #openChanges;
  #keepAlive;
  #reaping;
  #participant;
  #manager;
  #localTopics;
  #messenger;
  #adminAddress = null;
  #ready = deferred();
  #closed = deferred();
  workers = new Map();

  constructor(config) {
    super();
    this.#settings = normalize(config);
    this.#codec = limitedCodec(this.#settings);
    // Whoever calls start() or ready() has a promise of their own.
    this.#ready.promise.catch(() => {});
  }

  get title() {
    return this.#settings.title;
  }

  get alone() {
    return this.#dispatcher?.alone ?? null;
  }

  get fleet() {
    return this.#dispatcher?.fleet ?? null;
  }

  get adminAddress() {
    return this.#adminAddress && { ...this.#adminAddress };
  }

  get messenger() {
    return (this.#messenger ??= require('./messenger').messengerOf(this, this.#settings));
  }

  async start() {
    if (process[ROLE]) {
      const remedy = 'Start it in the app process only: where cluster.isPrimary is true, or in a file of its own.';
      throw new ClusterError('ERR_IN_CHILD', `This process is the ${process[ROLE]} of a cluster itself. ${remedy}`);
    }
    if (this.#state === 'closed') throw closedError();
    if (this.#state !== 'created') throw new ClusterError('ERR_ALREADY_STARTED', 'start() was already called.');
    if (!this.#meetManager()) return this.ready();
    if (this.#settings.enable) this.#supervise();
    else this.#loadHere();
    return this.ready();
  }

  ready(callback) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new ClusterError('ERR_CALLBACK_INVALID', 'The callback for when the cluster is ready must be a function.');
    }
    const promise = this.#ready.promise.then(() => this);
    // That the start failed is told by start(), not by every callback that was not called.
    if (callback)
      promise.then(
        (cluster) => outOfPromise(() => callback(cluster)),
        () => {},
      );
    return promise;
  }

  close({ force = false } = {}) {
    if (this.#state === 'supervising') this.#master.close(Boolean(force));
    else if (this.#state !== 'closed') this.#end(closedError());
    return this.#closed.promise;
  }

  sendmessage(message) {
    if (message === null || typeof message !== 'object') {
      const remedy = "Its `to` ('alone', 'worker' or 'app') says where it goes.";
      throw new ClusterError('ERR_MESSAGE_INVALID', `A message must be an object. ${remedy}`);
    }
    const json = this.#codec.write(message);
    if (this.#state === 'supervising') return this.#master.route(json);
    timers.nextTick(() => this.emit('undeliverable', null, message, this.#state));
    return false;
  }

  async request(message, options) {
    // Awaited, so that the stack of an error shows who awaits this one.
    return await this.#requests().request(message, options);
  }

  async job(name, data, options) {
    return await this.#requests().job(name, data, options);
  }

  onRequest(action, handler) {
    return this.#requests().onRequest(action, handler);
  }

  subscribe(topic, listener) {
    return this.#topics().subscribe(topic, listener);
  }

  /** once() is EventEmitter's. */
  subscribeOnce(topic, listener) {
    return this.#topics().once(topic, listener);
  }

  unsubscribe(topic, listener) {
    this.#topics().unsubscribe(topic, listener);
  }

  publish(topic, value, options) {
    return this.#topics().publish(topic, value, options);
  }

  async reload(options) {
    return this.#running('reload').reload(options);
  }

  /** SIGHUP: nobody awaits how it goes. The log says so of one that fails; of one that cannot begin, here. */
  async #reloadUnasked() {
    try {
      await this.reload();
    } catch (error) {
      this.#dispatcher.tellReloadFailed(error);
      const report = { ok: false, replaced: [], reason: 'not-begun', error };
      outOfPromise(() => this.emit('reload', report));
    }
  }

  async scale(count) {
    return this.#running('scale').scale(count);
  }

  /** What needs a cluster that is ready, and not on its way down. */
  #running(what) {
    if (this.#state === 'supervising') return this.#changes();
    const why =
      this.#state === 'inProcess' ? 'with `enable: false` there are no workers' : `the cluster is ${this.#state}`;
    throw new ClusterError('ERR_NOT_RUNNING', `${what}(): ${why}. Call it when the cluster is ready and not closed.`);
  }

  send(message) {
    return this.sendmessage(message);
  }

  randomWorker(message, { scope } = {}) {
    if (scope === 'fleet') return this.#requests().randomWorker(message);
    if (scope !== undefined) {
      const what = `The \`scope\` of randomWorker() must be 'fleet', but is ${String(scope)}.`;
      throw new ClusterError('ERR_REQUEST_INVALID', what);
    }
    const { tellRandomWorker } = require('./random-worker');
    const id = tellRandomWorker(this.#state === 'supervising' ? this.#master : undefined, this.#codec, message);
    if (id === null) return null;
    // The master is ahead: its `fork` of this worker may not have had its turn yet.
    const fork = () => this.#pump.find((event) => event.kind === 'fork' && event.role === 'worker' && event.id === id);
    return this.workers.get(id) ?? this.#dispatcher.worker(fork());
  }

  stats() {
    // None of a master that has ended just now.
    const stats = this.#state === 'supervising' ? this.#master.stats() : null;
    return stats === null ? require('./no-stats').noStats(this.title) : JSON.parse(stats);
  }

  /** Whether nothing is in the way that concerns who started this process. */
  #meetManager() {
    const { pidFile, notifyParent } = this.#settings;
    if (pidFile === undefined && !notifyParent) return true;
    const { Manager } = require('./manager');
    try {
      this.#manager = new Manager(this.#settings, () => this.#participant?.onSignal?.('SIGTERM'));
    } catch (error) {
      this.#end(error);
    }
    return this.#state === 'created';
  }

  #supervise() {
    try {
      if (typeof this.#settings.output === 'object') require('./log-files').checkLogFiles(this.#settings.output);
      const { fleet, cwd } = this.#settings;
      if (fleet) require('./fleet').withEngine(fleet, cwd, (told) => this.#startMaster(told));
      else this.#startMaster();
      // The children are there: before the rest is loaded.
      this.#joinSignals();
      this.#enter();
      const { Dispatcher } = require('./dispatcher');
      const { Pump } = require('../native/pump');
      this.#dispatcher = new Dispatcher(this, {
        settings: this.#settings,
        codec: this.#codec,
        requests: () => this.#requests(),
        topics: () => this.#topics(),
        master: this.#master,
      });
      this.#pump = new Pump(
        () => this.#master.takeEvents(),
        (event) => this.#handle(event),
      );
    } catch (cause) {
      // Without what is read here nobody would hear of the children that it has started.
      this.#master?.close(true);
      if (this.#participant) require('./signals').leave(this.#participant, false);
      const why = `The master could not be started: ${cause.message}`;
      this.#end(cause instanceof ClusterError ? cause : new ClusterError('ERR_START_FAILED', why, { cause }));
      return;
    }
    this.#state = 'supervising';
    appTitle.take(this, this.title);
    this.#topicEndpoint?.open();
    // The master's own callback doesn't keep the app alive.
    this.#keepAlive = timers.setInterval(() => {}, FOREVER_MS);
    if (process.pid === 1) this.#reaping = timers.setInterval(() => this.#master.reapOrphans(), REAP_MS).unref();
  }

  /** `fleet`: what it is told of that. */
  #startMaster(fleet) {
    const config = { ...toNativeConfig(this.#settings), fleet };
    this.#master = new Master(JSON.stringify(config), () => this.#pump?.wake());
    if (this.#settings.admin) this.#adminAddress = require('./admin').openAdmin(this.#master, this.#settings.admin);
    // Before the rest is loaded: meanwhile the children boot.
    this.#master.start();
  }

  #joinSignals() {
    this.#participant = require('./signals').join(this.#settings, {
      onSignal: (name) => this.#master.signal(name),
      reload: () => void this.#reloadUnasked(),
      reopen: () => this.#master.reopenOutput(),
      close: () => this.close(),
    });
  }

  #changes() {
    const { Changes } = require('./changes');
    return (this.#openChanges ??= new Changes(this.#master, this.#settings));
  }

  #requests() {
    const { RequestEndpoint } = require('../messages/request');
    return (this.#endpoint ??= new RequestEndpoint(this.#requestLink(), this.#codec));
  }

  #requestLink() {
    return {
      role: 'app',
      hasFleet: this.#settings.fleet !== undefined,
      unreachable: () => (this.#state === 'supervising' ? undefined : this.#state),
      send: (frame) => this.#master.route(this.#codec.frame(frame)),
    };
  }

  #topics() {
    const { TopicEndpoint } = require('../messages/topic');
    return (this.#topicEndpoint ??= new TopicEndpoint(this.#topicLink(), this.#codec));
  }

  #topicLink() {
    const master = () => (this.#state === 'supervising' ? this.#master : this.#localTopics);
    const isReached = () => ['supervising', 'inProcess'].includes(this.#state);
    return {
      role: 'app',
      unreachable: () => (isReached() ? undefined : this.#state),
      send: (frame) => master().route(this.#codec.frame(frame)),
      lose: (message, why) => timers.nextTick(() => this.emit('undeliverable', null, message, why)),
    };
  }

  /** What this package exports for every process is that of the cluster that was started last. */
  #enter() {
    enter({ requests: () => this.#requests(), topics: () => this.#topics(), messenger: () => this.messenger });
  }

  #loadHere() {
    this.#state = 'inProcess';
    this.#enter();
    const { LocalTopics } = require('../messages/topic-local');
    this.#localTopics = new LocalTopics((frame) => this.#topics().receive(frame));
    this.#topicEndpoint?.open();
    const { loadInProcess } = require('../scripts/in-process');
    loadInProcess(this.#settings).then(
      () => outOfPromise(() => this.#state === 'inProcess' && this.#becomeReady()),
      (error) => outOfPromise(() => this.#notLoaded(error)),
    );
  }

  /** After close() nobody waits for the script any more: its error is that of a script of Node's. */
  #notLoaded(error) {
    if (this.#state !== 'inProcess') throw error;
    this.#end(error);
  }

  #handle(event) {
    if (event.kind === 'ready') this.#becomeReady();
    else if (event.kind === 'reloaded') this.#reloaded(event);
    else if (event.kind === 'scaled') this.#changes().scaled(event);
    else if (event.kind === 'notScaled') this.#changes().notScaled(event);
    else if (event.kind === 'ordered') require('./orders').carryOut(this, this.#master, event);
    else if (event.kind === 'closed') this.#onClosed(event.outcome);
    else this.#dispatcher.dispatch(event);
  }

  #reloaded(event) {
    const report = this.#changes().reloaded(event);
    if (report) this.emit('reload', report);
  }

  #becomeReady() {
    try {
      this.#manager?.ready();
    } catch (error) {
      this.#ready.reject(error);
      this.close();
      return;
    }
    this.#ready.resolve();
    // From now on a deployment may remove the release: what is needed of it is kept, for children before anybody hears of it.
    if (this.#state === 'supervising') this.#insist(() => require('../native/preload-files').keepPreload(this.#master));
    // After those who awaited it, and whatever they throw.
    timers.setImmediate(() => this.#state === 'supervising' && this.#insist(() => this.#dispatcher.prepareLater()));
    this.emit('ready');
  }

  /** Without descriptors nothing can be read: it is tried again, each second. As a rule that passes; the tenth time is a warning. */
  #insist(prepare, times = 1) {
    try {
      prepare();
    } catch (error) {
      this.#dispatcher.tellUnprepared(error, times);
      const again = () => this.#state === 'supervising' && this.#insist(prepare, times + 1);
      timers.setTimeout(again, PREPARE_AGAIN_MS).unref();
    }
  }

  #onClosed(outcome) {
    timers.clearInterval(this.#keepAlive);
    timers.clearInterval(this.#reaping);
    if (outcome === 'exception') process.exitCode = 1;
    const exits = (outcome === 'exception' && this.#settings.handleSignals) || outcome === 'signal';
    require('./signals').leave(this.#participant, exits);
    // A start that a signal ended stays pending: the process exits, and nothing is to be said of it.
    this.#end(outcome === 'signal' ? null : (this.#dispatcher.failure ?? closedError()));
  }

  /** `error`: for those who still wait for `ready`. */
  #end(error) {
    this.#state = 'closed';
    this.#manager?.end();
    appTitle.giveBack(this);
    this.#dispatcher?.close();
    this.#endpoint?.close();
    this.#topicEndpoint?.close();
    this.#openChanges?.close(
      this.#dispatcher?.failure ?? new ClusterError('ERR_CLOSED', 'The cluster was closed before this was done.'),
    );
    if (error) this.#ready.reject(error);
    this.#closed.resolve();
    outOfPromise(() => this.emit('close'));
  }
}

closeAtDispose(Cluster);

module.exports = { Cluster };
