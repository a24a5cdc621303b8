'use strict';
// examples/request-reply.

const { GOOD_END, bothWorkers, ended, reload, startExample } = require('../support/examples');
const { request, requests } = require('../support/client');

test('the app asks all workers; they ask the alone, which gives every number once; errors come back', async () => {
  const { app, port } = await startExample('request-reply');
  expect(app.output.match(/^worker \d+ has \d+ MiB$/gm)).toHaveLength(2);

  const answers = await requests(port, 100, 8, '/coffee');
  const numbers = answers.map(({ body }) => body.number).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  expect(new Set(answers.map(({ body }) => body.pid)).size).toBe(2);
  expect((await request(port, '/tea')).body.number).toBe(1);
  expect(await request(port, '/2')).toMatchObject({ status: 404, body: { error: 'no such queue: 2' } });

  // The alone stays, and what it knows.
  await reload(app, port, await bothWorkers(port, '/water'), '/water');
  expect((await request(port, '/coffee')).body.number).toBe(101);
  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
});
