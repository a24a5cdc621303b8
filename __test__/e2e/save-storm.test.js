'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { request } = require('./support/client');
const { Project, source, BROKEN } = require('./support/development');
const { randomNumbers } = require('./support/random-numbers');
const { SteadyClients } = require('./support/steady-clients');
const { until } = require('./support/until');

const SAVES = 500;
const FILES = 5;
/** One save of so many has a syntax error. */
const BROKEN_IN = 12;

const part = (version) => `module.exports = ${version};\n`;

/** An app of several files, each with a version of its own: it answers with all of them. */
function files() {
  const requires = Array.from({ length: FILES }, (_, index) => `require('./part${index}')`);
  const app = { 'src/app.js': source('').replace('""', `[${requires}].join(' ')`) };
  for (let index = 0; index < FILES; index += 1) app[`src/part${index}.js`] = part(0);
  return app;
}

/** Saves files at random; resolves with what the app is to answer then. */
async function saveAll(project, random) {
  const versions = Array(FILES).fill(0);
  for (let saved = 1; saved <= SAVES; ) {
    for (let left = 1 + random(9); left > 0 && saved <= SAVES; left -= 1, saved += 1) {
      // At the end each file once, without errors.
      const isLast = SAVES - saved < FILES;
      const index = isLast ? SAVES - saved : random(FILES);
      const isBroken = random(BROKEN_IN) === 0 && !isLast;
      versions[index] = saved;
      project.save(`src/part${index}.js`, isBroken ? BROKEN : part(saved));
      await pause(random(15)); // the moments are what is tested
    }
    // The next burst comes at any moment of the restart, or after it.
    await pause(random(random(3) === 0 ? 900 : 150));
  }
  return versions.join(' ');
}

test('500 saves in random bursts: no request is lost, the last state answers, one worker is left', async () => {
  const project = new Project(files());
  const app = await project.start({ reloadDelay: 30 });
  const port = await app.port();
  const clients = new SteadyClients(port, 20);
  const last = await saveAll(project, randomNumbers(7));
  await until(async () => (await request(port)).body.version === last);
  const results = await clients.stop();

  expect(results.filter(({ error }) => error)).toEqual([]);
  for (const client of ['fresh', 'kept alive']) {
    expect(results.filter((result) => result.client === client).at(-1)).toMatchObject({ version: last });
  }
  const [worker, ...others] = await app.workers();
  expect(others).toEqual([]);
  const workers = app.processes().filter(({ command }) => command.includes(':worker'));
  expect(workers.map(({ pid }) => pid)).toEqual([worker.pid]);
  // It was a storm: there were restarts, and errors among them.
  expect(app.events('reload').length).toBeGreaterThan(20);
  expect(app.events('crash').length).toBeGreaterThan(0);
  expect(app.events('exception')).toEqual([]);
}, 120_000);
