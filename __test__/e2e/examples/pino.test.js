'use strict';
// examples/pino.

const { GOOD_END, ended, startExample } = require('../support/examples');
const { request } = require('../support/client');

test('everything is a line of JSON: the cluster, and what the workers write', async () => {
  const { app, port } = await startExample('pino');
  const { text } = await request(port, '/bad');
  const pid = Number(text.split(' ').pop());
  await app.event('output', (line) => line.includes('this is bad'));
  app.kill('SIGTERM');
  expect(await ended(app)).toEqual(GOOD_END);
  const entries = app.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(entries.filter(({ msg }) => msg === 'the worker is ready')).toHaveLength(2);
  expect(entries).toContainEqual(
    expect.objectContaining({ level: 30, child: pid, slot: expect.any(Number), msg: 'GET /bad' }),
  );
  const [bad] = entries.filter(({ level }) => level === 50);
  expect(bad).toMatchObject({ child: pid, msg: expect.stringMatching(/^Error: this is bad\n {4}at /) });
  expect(entries.filter(({ msg }) => msg === 'the worker has ended')).toHaveLength(2);
});
