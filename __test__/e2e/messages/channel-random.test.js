'use strict';
// Workers that write frames of every kind with descriptors of every kind at random, valid and not. CHANNEL_SEED: repeats a run.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { start, fixture, runtime } = require('../support/cluster');
const { Load } = require('../support/load');
const { until } = require('../support/until');

const MIB = 1024 * 1024;
const seed = Number(process.env.CHANNEL_SEED ?? Math.trunc(Math.random() * 1e9));
const rounds = Number(process.env.CHANNEL_ROUNDS ?? 1);

const COUNT = 4;
const CHATTERERS = 2;
const CHATTERS = 12;

/** Workers of Node 18 throw when they get a server, under node:cluster as well (handles.test.js). */
const UNSENT = execFileSync(runtime, ['-v'], { encoding: 'utf8' }).startsWith('v18') ? 'net.Server' : '';

const descriptors = ({ pid }) => fs.readdirSync(`/proc/${pid}/fd`).length;

test.each(Array.from({ length: rounds }, (_, round) => seed + round * 1000))(
  'seed %i: the app lives, the others serve, nothing is left behind',
  async (from) => {
    const env = {
      SEED: String(from),
      FRAMES: '250',
      COUNT: String(COUNT),
      CHATTERERS: String(CHATTERERS),
      CHATTERS: String(CHATTERS),
      UNSENT,
    };
    const config = {
      exec: fixture('workers/chatter.js'),
      count: COUNT,
      maxMessageBytes: 128 * 1024,
      killTimeout: 1000,
      env,
    };
    const app = await start(config, { script: fixture('chatter-app.js') });
    await app.call('listen');
    const { port } = await app.report('listening');
    const serving = (await app.workers()).filter(({ slot }) => slot > CHATTERERS).map(({ pid }) => pid);
    const load = new Load(port, { atOnce: 4 });
    await load.answered(20);
    const [files, memory] = [descriptors(app), await app.call('rss')];
    await app.call('sendmessage', { to: 'worker', type: 'all', action: 'chat' });

    // Each slot has a worker in the end that is quiet.
    await until(() => new Set(app.reports('quiet').map(({ instance }) => instance)).size === CHATTERERS);
    await load.answered(20);
    const results = await load.stop();
    expect(results.filter(({ status }) => status !== 200)).toEqual([]);
    expect(app.reports('chatted').length).toBeGreaterThan(0);
    expect((await app.workers()).filter(({ slot }) => slot > CHATTERERS).map(({ pid }) => pid)).toEqual(serving);
    expect((await app.call('counts')).protocolError).toBeGreaterThan(0);
    // What nobody listens on any more is closed by the self-check.
    await until(() => descriptors(app) <= files);
    expect((await app.call('rss')) - memory).toBeLessThan(64 * MIB);
    await app.call('close');
    expect(await app.exited).toEqual({ code: 0, signal: null });
  },
  120_000,
);
