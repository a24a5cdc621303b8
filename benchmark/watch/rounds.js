'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { freePort } = require('../../__test__/e2e/support/free-port');
const { Subject } = require('../lib/subject');
const { AppCopy } = require('./app-copy');
const { answered, steadyLoad, STEADY_MS } = require('./clients');
const { BARE } = require('./peers');

const PATIENCE_MS = 30_000;
/** Between an answer and the next save: what runs after a boot is over. */
const QUIET_MS = 400;

const rotate = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)];
const patience = () => AbortSignal.timeout(PATIENCE_MS);

async function withApp(peer, use) {
  const app = new AppCopy();
  const port = await freePort();
  const env = { NODE_ENV: 'development', PORT: String(port) };
  const begun = performance.now();
  const subject = new Subject(peer.script ?? app.script, peer.config ?? {}, env, {
    command: peer.command,
    cwd: app.folder,
  });
  try {
    return await use({ app, port, begun, subject });
  } finally {
    await subject.stop();
    app.remove();
  }
}

/** From the start of its process to its first answer, in ms. */
const boot = () => withApp(BARE, async ({ port, begun }) => (await answered(port, '0', patience())) - begun);

/** Save after save, a boot of the same app before each, while the peer is idle: { times, boots, asked, lost }, times in ms. */
const saves = (peer, count) =>
  withApp(peer, async ({ app, port, subject }) => {
    await subject.started();
    await answered(port, '0', patience());
    const found = { times: [], boots: [], asked: 0, lost: 0 };
    for (let version = 1; version <= count; version += 1) {
      found.boots.push(await boot());
      await pause(QUIET_MS);
      const load = steadyLoad(port);
      // So that the save comes at any moment between two requests.
      await pause(Math.random() * 2 * STEADY_MS);
      const saved = performance.now();
      app.save(version);
      found.times.push((await answered(port, String(version), patience())) - saved);
      const { asked, lost } = await load.stop();
      found.asked += asked;
      found.lost += lost;
    }
    return found;
  });

/** Interleaved: in each round a part of the saves of every peer. Results by peer. */
async function runRounds({ rounds, savesPerRound, peers }) {
  const results = new Map(peers.map((peer) => [peer, { times: [], boots: [], asked: 0, lost: 0 }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of rotate(peers, round)) {
      const { times, boots, asked, lost } = await saves(peer, savesPerRound);
      const result = results.get(peer);
      result.times.push(...times);
      result.boots.push(...boots);
      result.asked += asked;
      result.lost += lost;
      const show = (values) => values.map(Math.round).join(' ');
      console.error(
        `round ${round + 1}/${rounds}, ${peer.name}: ${show(times)} ms, boots ${show(boots)} ms, lost ${lost} of ${asked}`,
      );
    }
  }
  return results;
}

module.exports = { runRounds };
