'use strict';

const { ClusterAlone } = require('./alone');
const { ClusterError, reviveError } = require('../errors');
const { createLog } = require('../output/log');
const { LateMirror } = require('./late-mirror');
const { isInternal } = require('../messages/serialization');
const { warn } = require('../warn');
const { ClusterWorker } = require('./worker');

const TARGETS = ['app', 'alone', 'worker'];

// What most clusters don't need, or not before they are ready: until then it would keep a CPU from the processes that boot.
const failures = () => require('./child-failure');
const handles = () => require('../messages/handles');

/** Turns the master's events into those of the cluster and of its children, with the names and arguments of
 *  node:cluster and cfork, and keeps the children's state. It decides nothing. */
class Dispatcher {
  #cluster;
  #settings;
  #codec;
  #master;
  #requests;
  #topics;
  #log;
  /** Undefined where the children write to this process's streams by themselves. */
  #output;
  #mirror;
  #loops;
  #unheard;
  #openProfiles;
  #isClosed = false;
  #fleet;
  #workers;
  #alones = new Map();
  alone = null;
  /** Why the cluster ends, if not by close() or a signal. */
  failure = null;

  constructor(cluster, { settings, codec, requests, topics, master }) {
    this.#cluster = cluster;
    this.#workers = cluster.workers;
    this.#settings = settings;
    this.#codec = codec;
    this.#requests = requests;
    this.#topics = topics;
    this.#master = master;
    this.#log = createLog(settings);
    if (['prefix', 'pipe'].includes(settings.output)) {
      const { Output } = require('../output/output');
      this.#output = new Output(cluster, settings, master);
    }
    if (settings.fleet) {
      const { Fleet } = require('./fleet');
      this.#fleet = new Fleet(cluster, settings.fleet, master, this.#log);
    }
    const { exec, args, execArgv = process.execArgv, cwd, serialization, output } = settings;
    const asPrimary = { exec, args, execArgv, cwd, serialization, silent: output !== 'inherit' };
    this.#mirror = new LateMirror(asPrimary, () => cluster.close());
  }

  close() {
    this.#isClosed = true;
    this.#mirror.close();
    this.#openProfiles?.close();
    this.#fleet?.close();
  }

  get fleet() {
    return this.#fleet?.face ?? null;
  }

  /** The cluster is ready, and nobody waits any more. */
  prepareLater() {
    require('./later');
    this.#mirror.open();
  }

  dispatch(event) {
    if (this[event.kind]) this[event.kind](event);
    else this.#fleet?.[event.kind]?.(event);
  }

  #fields({ slot, pid }, others) {
    return { ...(slot !== undefined && { slot }), pid, ...others };
  }

  /** The worker of a `fork` event; it may have been made before the event's turn came. */
  worker(event) {
    if (!this.#workers.has(event.id)) {
      this.#workers.set(event.id, new ClusterWorker(this.#master, this.#codec, event, this.#profile));
    }
    return this.#workers.get(event.id);
  }

  #profile = (...args) => this.#profiles().take(...args);

  #profiles() {
    this.#openProfiles ??= new (require('./profiles').Profiles)(this.#master, this.#settings.title);
    // Somebody may keep a process's object for longer than the cluster.
    if (this.#isClosed) this.#openProfiles.close();
    return this.#openProfiles;
  }

  profiled(event) {
    this.#profiles().profiled(event);
  }

  notProfiled(event) {
    this.#profiles().notProfiled(event);
  }

  #child({ role, id }) {
    return role === 'alone' ? this.#alones.get(id) : this.#workers.get(id);
  }

  fork(event) {
    if (event.role === 'worker') {
      const worker = this.worker(event);
      this.#mirror.add(worker);
      this.#tell('fork', worker);
      return;
    }
    this.alone = new ClusterAlone(this.#master, this.#codec, event, this.#profile);
    this.#alones.set(event.id, this.alone);
  }

  online(event) {
    const child = this.#child(event);
    // It may be on its way out by then.
    if (child.state === 'forking') child.state = 'online';
    child.emit('online');
    if (event.role === 'worker') this.#tell('online', child);
  }

  listening(event) {
    const worker = this.#child({ ...event, role: 'worker' });
    // Node leaves out what its worker left out.
    const address = { ...event.address, fd: event.address.fd ?? undefined };
    if (['forking', 'online', 'standby'].includes(worker.state)) worker.state = 'listening';
    worker.emit('listening', address);
    this.#tell('listening', worker, address);
  }

  childReady(event) {
    const child = this.#child(event);
    if (event.role === 'alone') child.state = 'ready';
    // The time until one that stood by got a slot says nothing.
    child.readyAfter ??= child.uptime;
    this.#log.info(`the ${event.role} is ready`, this.#fields(child, { after: child.readyAfter }));
    child.emit('ready');
    this.#cluster.emit(event.role === 'alone' ? 'aloneReady' : 'workerReady', child);
  }

  /** One that stands by has no slot yet. */
  standby(event) {
    const worker = this.#child(event);
    worker.state = 'standby';
    worker.readyAfter = worker.uptime;
    this.#cluster.emit('standby', worker);
  }

  slotTaken(event) {
    this.#child(event).slot = event.slot;
  }

  missed({ messages, bytes, ...event }) {
    if (event.role !== undefined) {
      this.#cluster.emit('missed', this.#child(event), { messages, bytes });
      return;
    }
    const why = `This process did not get ${messages} published value(s), ${bytes} bytes: it took nothing for a second.`;
    warn('CLUSTER_TOPIC_MISSED', `${why} Keep its event loop free, or subscribe in a worker.`);
  }

  draining(event) {
    const child = this.#child(event);
    child.state = 'draining';
    child.exitReason = event.reason;
  }

  disconnect(event) {
    const child = this.#child(event);
    child.state = 'disconnected';
    if (event.role === 'worker') child.exitedAfterDisconnect = event.expected;
    child.emit('disconnect');
    if (event.role === 'worker') this.#tell('disconnect', child);
    child.process.emit('disconnect');
  }

  exit(event) {
    const child = this.#child(event);
    const code = event.code ?? null;
    const signal = event.signal ?? null;
    child.state = 'dead';
    child.exitReason = event.reason;
    // As node:cluster does: at 'exit' only the others are in `workers`.
    if (event.role === 'worker') this.#workers.delete(event.id);
    else this.#alones.delete(event.id);
    this.#output?.keep(event, child);
    const fields = { ...(code === null ? { signal } : { code }), reason: event.reason, asked: event.expected };
    // What nobody has asked for the master has said (crates/master/src/unasked.rs).
    if (event.expected) this.#log.info(`the ${event.role} has ended`, this.#fields(child, fields));
    if (this.alone === child) this.alone = null;
    Object.assign(child.process, { exitCode: code, signalCode: signal });
    if (event.role === 'worker') this.#workerExit(event, child, code, signal);
    else {
      child.emit('exit', code, signal);
      this.#cluster.emit('aloneExit', child, code, signal);
    }
    // As in Node, where the cluster is the first to listen.
    child.process.emit('exit', code, signal);
  }

  #workerExit(event, worker, code, signal) {
    worker.exitedAfterDisconnect = event.expected;
    this.#mirror.remove(worker);
    worker.emit('exit', code, signal);
    this.#tell('exit', worker, code, signal);
    if (!event.expected) this.#cluster.emit('unexpectedExit', worker, code, signal);
  }

  /** It may come after the child's `exit`. */
  output(event) {
    this.#output.take(event, this.#child(event));
  }

  /** The master's own. */
  log({ level, json }) {
    const { message, ...fields } = JSON.parse(json);
    this.#log[level === 'trace' ? 'debug' : level](message, fields);
  }

  /** What a child does not catch at its start is the cause of the start's failure; a worker's ends it: `exit`. */
  childError(event) {
    const error = reviveError(event.error);
    if (event.role === 'alone' && event.phase === 'run') this.#cluster.emit('aloneError', this.#child(event), error);
    else this.#child(event).exitError = error;
  }

  message(event) {
    const child = this.#child(event);
    const read = () => fromUser(this.#codec.read(event.json));
    this.#read(read, child, (message) => this.#tellMessage(child, message));
  }

  /** A message that came with a handle. Where nothing can be made of it the message comes without it. */
  handle(event) {
    const child = this.#child(event);
    const { json } = event;
    const fd = this.#master.takeHandle(event.handle);
    const read = () => fromUser(this.#codec.read(handles().messageIn(json)));
    const use = (message) =>
      handles().incoming(fd, json, (handle, cause) => {
        if (cause)
          this.#cluster.emit('protocolError', child, new ClusterError('ERR_HANDLE_INVALID', cause.message, { cause }));
        this.#tellMessage(child, message, handle);
      });
    if (!this.#read(read, child, use)) handles().close(fd);
  }

  #tellMessage(child, ...args) {
    if (isToOthers(args[0]) && !this.#isHeard(child)) this.#tellUnheard(child, args[0]);
    child.emit('message', ...args);
    child.process.emit('message', ...args);
    this.#tell('message', child, ...args);
  }

  #isHeard(child) {
    const listeners = [this.#cluster, child, child.process].map((emitter) => emitter.listenerCount('message'));
    return this.#mirror.listeners(child) + listeners.reduce((sum, count) => sum + count) > 0;
  }

  /** `sender`: null for the app. */
  #tellUnheard(sender, message) {
    this.#unheard ??= new (require('./unheard').Unheard)(this.#log);
    this.#unheard.tell(sender, message.to);
  }

  undeliverable(event) {
    const sender = event.role === undefined ? null : (this.#child(event) ?? null);
    this.#read(
      () => this.#undelivered(event),
      sender,
      (message) => {
        const wasHeard = this.#cluster.emit('undeliverable', sender, message, event.reason);
        if (event.role === undefined && isToOthers(message) && !wasHeard) this.#tellUnheard(null, message);
      },
    );
  }

  #undelivered({ json }) {
    const message = this.#codec.read(handles().messageIn(json));
    if (message?.cmd !== 'NODE_YUNFLY_TOPIC') return message;
    return { topic: message.topic, value: this.#codec.unpack(message) };
  }

  /** What the app has subscribed to: one line or more. */
  topic(event) {
    for (const line of event.json.trimEnd().split('\n')) this.#topics().receive(JSON.parse(line));
  }

  /** A request to the app, or what became of one of its own. */
  rpc(event) {
    this.#requests().receive(JSON.parse(event.json));
  }

  /** What node:cluster has, too, is shown there as well. */
  #tell(name, child, ...args) {
    this.#cluster.emit(name, child, ...args);
    this.#mirror.emit(name, child, ...args);
  }

  /** The master looks only at a message's envelope: the rest of it may still be unreadable. Whether it was read. */
  #read(read, sender, use) {
    let message;
    try {
      message = read();
    } catch (cause) {
      this.#cluster.emit('protocolError', sender, new ClusterError('ERR_MESSAGE_INVALID', cause.message, { cause }));
      return false;
    }
    use(message);
    return true;
  }

  protocolError(event) {
    this.#cluster.emit('protocolError', this.#child(event), new ClusterError(event.code, event.message));
  }

  hang({ silentFor, state, cpu, ...event }) {
    this.#cluster.emit('hang', this.#child(event), { silentFor, state, cpu });
  }

  reachReforkLimit(event) {
    this.#cluster.emit('reachReforkLimit', event.slot);
  }

  aloneReachLimit(event) {
    const error = failures().exception(event, this.#settings);
    this.#log.error(error.message.slice(this.#settings.title.length + 2));
    this.#cluster.emit('aloneReachLimit', error);
  }

  check({ kind: _, ...counts }) {
    this.#cluster.emit('check', counts);
  }

  change({ files }) {
    this.#log.info('files changed', { files: files.join(',') });
    const { RestartLoops } = require('./restart-loops');
    this.#loops ??= new RestartLoops(this.#settings);
    const restless = this.#loops.heard(files);
    if (restless)
      this.#log.warn(
        `${restless} changes soon after each start: if the app writes it, put it into .gitignore, or set \`watch\`.`,
      );
    this.#cluster.emit('change', files);
  }

  crash({ failure }) {
    const error = failures().crash(failure, this.#settings);
    const { message } = error;
    const text = `${message.slice(this.#settings.title.length + 2)}. It is started again when a file is saved.`;
    if (!this.#settings.shown.includes('exit')) this.#log.warn(text);
    this.#cluster.emit('crash', error);
  }

  tellReloadFailed(error) {
    const { message, code, cause } = error;
    this.#log.error(`SIGHUP: ${message}`, { code, ...(cause && { cause: String(cause) }) });
  }

  tellUnprepared({ message }, times) {
    this.#log[times === 10 ? 'warn' : 'debug']('what is needed later could not be read yet', { error: message, times });
  }

  startFailed({ failure }) {
    this.failure = failures().startFailure(failure, this.#settings);
  }

  exception(event) {
    this.failure = failures().exception(this.#fleet?.explain(event) ?? event, this.#settings);
    this.#cluster.emit('exception', this.failure);
  }
}

/** It names a receiver that is none of the document's. */
function isToOthers(message) {
  return typeof message?.to === 'string' && !TARGETS.includes(message.to);
}

/** What is Node's own is no message: an app that passed it on would say it in its own name. */
function fromUser(message) {
  if (isInternal(message)) throw new Error(`its cmd (${message.cmd}) is Node's own`);
  return message;
}

module.exports = { Dispatcher };
