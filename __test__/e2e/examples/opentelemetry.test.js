'use strict';
// examples/opentelemetry.

const { GOOD_END, bothWorkers, ended, startExample } = require('../support/examples');
const { ask, requests } = require('../support/client');

const COUNT = 30;

test('every request has its span, also those that wait for their batch when the app is ended', async () => {
  const { app, port } = await startExample('opentelemetry');
  await bothWorkers(port, '/first');
  await requests(port, COUNT, 4, '/order');
  // Its span is not ended yet when the workers are told to end.
  const { answer } = await ask(port);
  app.kill('SIGTERM');
  expect(await answer).toContain('200 OK');
  expect(await ended(app)).toEqual(GOOD_END);
  const exported = app.output.split('\n').filter((line) => line.trim().startsWith("name: 'GET "));
  expect(exported.filter((line) => line.includes('/order'))).toHaveLength(COUNT);
  expect(exported.filter((line) => line.includes("'GET /'"))).toHaveLength(1);
});
