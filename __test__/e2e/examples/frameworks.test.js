'use strict';
// examples/express, examples/fastify, examples/nest.

const { GOOD_END, bothWorkers, ended, reload, startExample } = require('../support/examples');
const { request } = require('../support/client');

const SLOW = /^(\d+) works$/;

describe.each(['express', 'fastify', 'nest'])('%s', (name) => {
  test('both workers answer; a request under way outlives a reload, and another one the end', async () => {
    const { app, port } = await startExample(name);
    expect((await request(port, '/?name=cluster')).body).toMatchObject({ hello: 'cluster' });
    const first = await bothWorkers(port);

    const outlivesReload = request(port, '/slow');
    const [line] = await app.event('output', (text) => SLOW.test(text));
    const second = await reload(app, port, first);
    const { body } = await outlivesReload;
    expect(body).toEqual({ hello: 'at last', pid: Number(SLOW.exec(line)[1]) });
    expect(first).toContain(body.pid);

    const outlivesEnd = request(port, '/slow');
    await app.event('output', (text) => SLOW.test(text) && text !== line);
    app.kill('SIGTERM');
    const last = await outlivesEnd;
    expect(last).toMatchObject({ status: 200, body: { hello: 'at last' } });
    expect(second).toContain(last.body.pid);
    expect(await ended(app)).toEqual(GOOD_END);

    // What closes with the framework was closed in each worker.
    const closed = app.output
      .split('\n')
      .filter((text) => text.includes('is closed'))
      .map((text) => Number.parseInt(text, 10));
    if (name !== 'express') expect(closed.sort()).toEqual([...first, ...second].sort());
  });
});
