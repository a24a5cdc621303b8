'use strict';
// examples/koa, as `npm start` runs it.

const path = require('node:path');
const { launch } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { folderOf } = require('../support/examples');
const { freePort, holdPort } = require('../support/free-port');

const script = path.join(folderOf('koa'), 'start.js');
const run = (port) => launch({}, { script, env: { NODE_ENV: 'production', PORT: String(port) } });

test('4 workers answer; the ticker reaches them; one does the job; Ctrl-C ends all with 0', async () => {
  const port = await freePort();
  const app = run(port);
  await app.event('output', (line) => line.includes(`http://localhost:${port}`));
  const answers = await requests(port, 200, 16);
  expect(new Set(answers.map(({ body }) => body.pid)).size).toBe(4);
  await app.event('output', (line) => line.includes('was chosen'));
  let answer;
  do answer = await request(port);
  while (answer.body.tick === null);
  expect(answer.body.tick).toBeGreaterThanOrEqual(1);
  app.kill('SIGINT');
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
});

test('PORT=0: the port that it got is told', async () => {
  const app = run(0);
  const [line] = await app.event('output', (text) => text.includes('http://localhost:'));
  const [, port] = /http:\/\/localhost:(\d+)/.exec(line);
  await expect(request(Number(port))).resolves.toMatchObject({ status: 200 });
});

test('the port is taken: it says so, and what to do', async () => {
  const holder = await holdPort();
  const { port } = holder.address();
  const app = run(port);
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
  expect(app.output).toContain(`Port ${port} is in use`);
  holder.close();
});
