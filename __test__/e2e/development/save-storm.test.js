'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { request } = require('../support/client');
const { Project, source, aloneSource, readLives, BROKEN } = require('../support/development');
const { randomNumbers } = require('../support/random-numbers');
const { SteadyClients } = require('../support/steady-clients');
const { until } = require('../support/until');

const SAVES = 300;
const FILES = 5;
/** One save of so many has a syntax error, and one is of the alone. */
const BROKEN_IN = 12;
const ALONE_IN = 15;

const part = (version) => `module.exports = ${version};\n`;

/** An app of several files, each with a version of its own: it answers with all of them. */
function files() {
  const requires = Array.from({ length: FILES }, (_, index) => `require('./part${index}')`);
  const app = { 'src/app.js': source('').replace('""', `[${requires}].join(' ')`) };
  for (let index = 0; index < FILES; index += 1) app[`src/part${index}.js`] = part(0);
  return app;
}

const saveAlone = (project) => project.save('src/alone/service.js', aloneSource(project.file('lives')));

/** Saves files at random; resolves with what the app is to answer then. */
async function saveAll(project, app, random) {
  const versions = Array(FILES).fill(0);
  const broken = new Set();
  for (let saved = 1; saved <= SAVES;) {
    // A burst begins with what the ones before have left broken: nobody waits for a worker for more than 10 s.
    const mended = [...broken];
    for (let left = 1 + random(9); left > 0 && saved <= SAVES; left -= 1, saved += 1) {
      if (random(ALONE_IN) === 0) saveAlone(project);
      // At the end each file once, without errors.
      const isLast = SAVES - saved < FILES;
      const toMend = mended.pop();
      const index = isLast ? SAVES - saved : (toMend ?? random(FILES));
      const isBroken = random(BROKEN_IN) === 0 && !isLast && toMend === undefined;
      if (isBroken) broken.add(index);
      else broken.delete(index);
      versions[index] = saved;
      project.save(`src/part${index}.js`, isBroken ? BROKEN : part(saved));
      await pause(random(15)); // the moments are what is tested
    }
    // The next burst comes at any moment of the restart, or after it: also where a restart takes long.
    if (random(2) === 0) await answered(app);
    await pause(random(random(3) === 0 ? 900 : 150));
  }
  return versions.join(' ');
}

/** Resolves when the changes that were told are loaded, or have failed. */
async function answered(app) {
  const last = (...names) => Math.max(...names.map((name) => app.eventNames().lastIndexOf(name)));
  await until(() => last('reload', 'crash') >= last('change'));
}

/** Resolves when the last save has had its effect. */
async function settled(project, app) {
  project.save('src/last.js', '');
  await app.event('change', (changed) => changed.includes(project.file('src/last.js')));
  await until(() => app.eventNames().lastIndexOf('reload') > app.eventNames().lastIndexOf('change'));
}

test('300 saves in random bursts: no request is lost, the last state answers, one worker and one alone are left', async () => {
  const project = new Project(files());
  saveAlone(project);
  const app = await project.start({ reloadDelay: 30, alone: 'src/alone' });
  const port = await app.port();
  const clients = new SteadyClients(port, 20);
  const last = await saveAll(project, app, randomNumbers(7));
  await settled(project, app);
  expect((await request(port)).body.version).toBe(last);
  const results = await clients.stop();

  expect(results.filter(({ error }) => error)).toEqual([]);
  for (const client of ['fresh', 'kept alive']) {
    expect(results.filter((result) => result.client === client).length).toBeGreaterThan(SAVES);
  }
  const [worker, ...others] = await app.workers();
  expect(others).toEqual([]);
  const pidsOf = (type) =>
    app
      .processes()
      .filter(({ command }) => command.includes(`:${type}`))
      .map(({ pid }) => pid);
  expect(pidsOf('worker')).toEqual([worker.pid]);
  expect(pidsOf('alone')).toEqual([(await app.call('alone')).pid]);
  expect(readLives(project.file('lives')).filter(([word]) => word === 'beside')).toEqual([]);
  // It was a storm: there were restarts, and errors among them.
  expect(app.events('reload').length).toBeGreaterThan(10);
  expect(app.events('crash').length).toBeGreaterThan(0);
  expect(app.events('aloneReady').length).toBeGreaterThan(5);
  expect(app.events('exception')).toEqual([]);
}, 180_000);
