'use strict';

// How this process drains, from the moment that it is asked to: a script with one way through. What the app does at its end under
// plain Node it does here too, and nothing is lost on the way:
//
//   tell 'yunfly:drain' → take what is connected → stop accepting → answer every request → write the heap, if somebody asked for that
//   → afterRequests() and waitUntil()
//   → the app's own signal listeners, if it has any; then the end is the app's → event streams and upgraded sockets are closed
//   → the event loop runs empty (or only what never ends is left) → last messages → end
//
// Whatever takes too long ends by process.exit() shortly before the master's SIGKILL.

const net = require('net');
const { describeError, inspected } = require('../errors');
const { clearTimeout, nextTick, now, setImmediate, setTimeout } = require('../real-timers');
const { warn } = require('../warn');
const { report } = require('./channel');
const connections = require('./connections');
const { stopReceiving } = require('./datagrams');
const { logLine } = require('./faults');
const outgoing = require('./outgoing');
const { onEmpty, onQuiet } = require('./remaining-work');
const servers = require('./servers');
const signals = require('./signals');
const { closeStreams } = require('./streams');

/** So long the last messages are waited for. A master that doesn't read this process's own, because a receiver of them is
 *  behind, does not answer either. */
const LAST_MESSAGES_MS = 1000;
/** The listeners of 'exit' have so long before SIGKILL, or a fifth of the whole time. */
const LAST_MOMENT_MS = 1000;
const AFTER_STANDSTILL_MS = 2000;
/** The app's own shutdown code has so long at least, or a quarter of the whole time: before that, requests are waited for. */
const APPS_MS = 2000;
const LOOK_MS = 100;
/** After this what never ends by itself is not waited for: work that waits for others is quiet meanwhile. */
const QUIET_MS = 2000;
/** The alone's work is intervals and long-lived clients; and nobody waits for a restart in development. */
const SHORT_QUIET_MS = 100;

/** The reasons of a process in whose place comes another one. */
const REPLACED = ['replace', 'uncaughtException'];

/** The reason of a process that was not ready in time: it has a second. */
const LATE_START = 'startTimeout';
/** What has limited its time, where that is not killTimeout. */
const TIMES = { [LATE_START]: 'a second after startTimeout', uncaughtException: 'within crashTimeout' };

/** The one drain of this process, once it has begun. */
let current = null;

/** What is to be done when no connection is left, and this process may stand still for it (profile.js). */
let atEnd = null;

class Drain {
  #boot;
  #reason;
  #grace;
  /** Other processes serve: they can have its connections. */
  #isReplaced;
  /** With process.exit() as soon as every request is answered: it is not to go on. */
  #exits;
  #streamTimeout;
  #began = now();
  #deadline = Infinity;
  #overdue;
  /** Resolves when every request is answered. */
  #answered;
  #promised = new Set();
  #afterRequests = [];
  /** The signal that the app's own listeners raised again: of which it dies. */
  #raised;
  /** Ends the waiting for the app, or for work that is left. */
  #proceed = () => {};
  /** The master sent everything that it had for this process. */
  answered = () => {};

  constructor(boot, { reason, grace, timeout, until, exits = false }) {
    this.#boot = boot;
    this.#reason = reason;
    this.#grace = grace;
    this.#isReplaced = REPLACED.includes(reason);
    this.#exits = exits || grace === 0;
    this.#streamTimeout = Math.min(boot.streamTimeout, timeout / 2);
    this.#limit(timeout, until);
  }

  /** Asked for again: the more urgent of both holds. */
  hasten({ reason, grace, timeout, until, exits = false }) {
    this.#isReplaced &&= REPLACED.includes(reason);
    this.#grace = Math.min(this.#grace, grace);
    this.#limit(timeout, until);
    if (!exits) return;
    this.#exits = true;
    this.#proceed();
  }

  /** The app's listeners raised the signal again (signal-exit): they are through, and want it to end the process. */
  raise(signal) {
    this.#raised ??= signal;
    this.#proceed();
  }

  /** `until`: the moment of the master's SIGKILL. A process whose event loop was busy hears of it late. */
  #limit(timeout, until = Infinity) {
    const deadline = Math.min(now() + timeout, until) - Math.min(LAST_MOMENT_MS, timeout / 5);
    if (deadline < this.#deadline) this.#giveUpAt(deadline);
  }

  #giveUpAt(deadline) {
    this.#deadline = deadline;
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.#timeIsUp(), Math.max(0, deadline - now())).unref();
  }

  /** Who is alive so late stood still, with the master (`docker pause`), which would have killed it otherwise, and gives it more time. */
  #timeIsUp() {
    const isLate = now() - this.#deadline >= LAST_MOMENT_MS;
    if (isLate && process.connected) this.#giveUpAt(now() + AFTER_STANDSTILL_MS);
    else this.#giveUp();
  }

  async run() {
    this.#announce();
    connections.closeAfterResponses();
    // One that was still waiting for its handle.
    servers.observe({ onListening: servers.stopAccepting });
    await this.#acceptQueued();
    const listening = [...servers.servers];
    listening.forEach(servers.stopAccepting);
    stopReceiving();
    await this.#requestsAnswered();
    await this.#before(this.#streamsEnd, Promise.all([servers.allClosed(), this.#settled()]));
    this.#standStill();
    this.#callAfterRequests();
    await this.#before(this.#streamsEnd, this.#settled());
    this.#limitWork();
    if (!this.#exits && this.#isTheApps()) {
      await this.#appEnds();
    } else {
      await closeStreams();
      // Hooks alone end no requests.
      await this.#before(this.#deadline, this.#answered);
      // Not a server's own close(), which cuts what is connected still; and not one that the app has closed: it would emit 'close' again.
      for (const server of listening) if (server.listening) net.Server.prototype.close.call(server);
      await this.#settled();
      if (!this.#exits) await this.#workDone();
    }
    // The overdue end doesn't wait for it.
    await outgoing.allSent();
    await this.#lastMessages();
    await this.#settled();
    await this.#end();
  }

  /** One that never ends (a stream of gRPC, a long poll) does not keep the app's own shutdown code from being called: that may be what ends
   *  it. */
  async #requestsAnswered() {
    let isAnswered = false;
    this.#answered = connections
      .requestsAnswered(
        () => this.#grace,
        this.#streamTimeout,
        () => this.#isReplaced,
      )
      .then(() => (isAnswered = true));
    while (!isAnswered && !this.#isTheAppsTurn()) await this.#before(now() + LOOK_MS, this.#answered);
  }

  #isTheAppsTurn() {
    const begins = this.#deadline - Math.min(APPS_MS, (this.#deadline - this.#began) / 4);
    if (now() < begins) return false;
    // One that exits calls no listeners.
    const calls = !this.#exits && signals.ownStopSignal(this.#boot.stopSignal) !== undefined;
    return calls || this.#afterRequests.length > 0;
  }

  #announce() {
    const event = {
      reason: this.#reason,
      waitUntil: (promise) => this.#waitUntil(promise),
      afterRequests: (hook) => void this.#afterRequests.push(hook),
    };
    try {
      process.emit('yunfly:drain', event);
    } catch (err) {
      // The app's mistake: uncaught like any other, but the process leaves all the same.
      nextTick(() => {
        throw err;
      });
    }
  }

  #waitUntil(promise) {
    const settled = Promise.resolve(promise)
      .catch((err) =>
        warn(
          'CLUSTER_DRAIN_WAIT_FAILED',
          `yunfly:drain: a waitUntil() promise or an afterRequests() hook failed: ${describeError(err).stack}`,
        ),
      )
      .then(() => this.#promised.delete(settled));
    this.#promised.add(settled);
  }

  #callAfterRequests() {
    for (const hook of this.#afterRequests) this.#waitUntil((async () => hook())());
  }

  async #settled() {
    while (this.#promised.size > 0) await Promise.all(this.#promised);
  }

  /** Event streams and upgraded sockets may stay until then, and whatever is waited for holds up nothing else longer. */
  get #streamsEnd() {
    return this.#began + this.#streamTimeout;
  }

  async #before(moment, promise) {
    let timer;
    const isOver = new Promise((resolve) => {
      // What came before this moment is read first.
      timer = setTimeout(() => setImmediate(resolve), Math.max(0, moment - now()));
    });
    await Promise.race([promise, isOver]);
    clearTimeout(timer);
  }

  /** What was connected before is served. Where no other worker takes it, at a shutdown or from a socket of this process's own, go on until
   *  a turn of the event loop brings nothing new, but not for ever under a steady stream of connections. */
  async #acceptQueued() {
    const end = now() + this.#grace;
    const accepted = this.#reason === 'shutdown' ? servers.accepted : servers.acceptedAlone;
    // The first immediate may run before the event loop polls.
    await turn();
    let before;
    let turns = 0;
    do {
      before = accepted();
      await turn();
      turns += 1;
    } while (turns < 2 || (accepted() > before && now() < end));
  }

  /** The master counts the time that this takes as little as this process does. */
  #standStill() {
    if (!atEnd) return;
    const began = now();
    const take = atEnd;
    atEnd = null;
    take();
    this.#giveUpAt(this.#deadline + now() - began);
  }

  /** From now on the app's listeners and the work that is left have so long, if a limit was asked for. */
  #limitWork() {
    const { workTimeout } = this.#boot;
    if (typeof workTimeout !== 'number') return;
    const cut = () => {
      this.#exits = true;
      this.#proceed();
    };
    setTimeout(() => closeStreams().then(cut, cut), workTimeout).unref();
  }

  /** The app has shutdown code of its own: it runs already, or is called now. */
  #isTheApps() {
    if (this.#raised) return true;
    const signal = signals.ownStopSignal(this.#boot.stopSignal);
    // In a tick of its own: what a listener throws is uncaught, as for a signal.
    if (signal) nextTick(signals.deliver, signal);
    return signal !== undefined || signals.isDelivered();
  }

  /** How the process ends is the app's matter; nothing of ours keeps it. */
  async #appEnds() {
    const half = Math.max(0, (this.#deadline - now()) / 2);
    setTimeout(() => closeStreams().catch(() => {}), Math.min(this.#streamTimeout, half)).unref();
    // A listener that raises the signal again expects to be gone by then: the event loop has it after one turn.
    await turn();
    await turn();
    await new Promise((resolve) => {
      this.#proceed = resolve;
      if (this.#raised || this.#exits) resolve();
      unrefChannel();
      onEmpty(resolve);
    });
  }

  /** Resolves when the event loop is empty, or only what never ends is left: that is ended. */
  async #workDone() {
    const { role, mode } = this.#boot;
    const isShort = role === 'alone' || mode === 'development' || this.#reason === LATE_START;
    const grace = isShort ? SHORT_QUIET_MS : QUIET_MS;
    let stop;
    await new Promise((resolve) => {
      this.#proceed = resolve;
      unrefChannel();
      onEmpty(resolve);
      stop = onQuiet(
        grace,
        () => this.#deadline,
        () => {
          this.#exits = true;
          resolve();
        },
      );
    });
    stop();
  }

  /** What was sent to this process before the master knew that it ends is read: nobody would tell the sender otherwise. */
  async #lastMessages() {
    if (!process.connected) return;
    process.channel.ref();
    const answered = new Promise((resolve) => {
      this.answered = resolve;
      process.once('disconnect', resolve);
      servers.drained();
      report('drained', {}, () => process.connected || resolve());
    });
    await this.#before(now() + LAST_MESSAGES_MS, answered);
  }

  async #end() {
    if (!this.#raised && !this.#exits) {
      // The event loop runs empty then: 'disconnect', 'beforeExit' and 'exit' come as under Node.
      if (process.connected) process.disconnect();
      return;
    }
    await written();
    if (this.#raised) signals.dieBy(this.#raised);
    else process.exit();
  }

  #giveUp() {
    this.#standStill();
    report('overdue');
    const open = connections.countRequests();
    // Messages that are lost are told when it exits (outgoing.js).
    const cut = open > 0 ? ` with ${open} open request${open > 1 ? 's' : ''}` : '';
    const time = TIMES[this.#reason] ?? 'within killTimeout';
    const line = `${process.title} (pid ${process.pid}): did not end ${time}, and is ended${cut}`;
    process.prependOnceListener('exit', () => logLine(line));
    process.exit();
  }
}

/** The channel keeps no process alive that has nothing else to do; messages come as before. */
function unrefChannel() {
  process.channel?.unref();
}

/** Resolves when stdout and stderr have taken what was written: to a pipe Node writes later what does not fit at once. */
async function written() {
  const streams = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0 && !stream.destroyed);
  const taken = (stream) =>
    new Promise((resolve) => {
      // 'drain' comes only where a write() returned false.
      stream.once('close', resolve).once('error', resolve).once('drain', resolve);
      stream.write('', () => resolve());
    });
  // Whoever has replaced write() may drop its callback, or throw.
  await Promise.all(streams.map((stream) => taken(stream).catch(() => {})));
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** `request`: { reason, grace, timeout, until?, exits? }, times in ms; `until` by the clock of `now`. */
function drain(boot, request) {
  if (current) {
    current.hasten(request);
    return;
  }
  current = new Drain(boot, request);
  // The app may have replaced whatever is called: the process ends all the same, when its time is over.
  current
    .run()
    .catch((err) => logLine(`${process.title} (pid ${process.pid}): it cannot leave in good order\n${inspected(err)}`));
}

module.exports = {
  drain,
  takeAtEnd(take) {
    atEnd = take;
  },
  /** The master's answer to `drained`. */
  answered: () => current?.answered(),
  /** A signal without listeners, after those of the app were called. */
  raised: (signal) => current?.raise(signal),
};
