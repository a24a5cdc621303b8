'use strict';

const { WAYS, answering, pidsOf, startConsumer } = require('../support/consumers');

describe.each(Object.keys(WAYS))('throng, %s', (way) => {
  test('a worker that dies is replaced, and SIGTERM lets all of them leave', async () => {
    const app = startConsumer(way, 'throng');
    const [dies, stays] = await app.reported('listening', 2);
    process.kill(dies.pid, 'SIGKILL');
    const [, , replaces] = await app.reported('listening', 3);
    expect([dies, stays, replaces].map(({ id }) => id).sort()).toEqual([1, 2, 3]);
    expect(replaces.port).toBe(stays.port);
    expect(await answering(stays.port, 2)).toEqual(pidsOf([stays, replaces]));

    app.kill('SIGTERM');
    expect(await app.gone).toEqual({ code: 0, signal: null });
    expect(pidsOf(app.reports('leaving'))).toEqual(pidsOf([stays, replaces]));
    expect(app.reports('primary')).toHaveLength(1);
  });

  test('workers that are deaf to SIGTERM end with the primary, after the grace', async () => {
    const app = startConsumer(way, 'throng', { deaf: true, grace: 200 });
    await app.reported('listening', 2);
    app.kill('SIGTERM');
    expect(await app.gone).toEqual({ code: 0, signal: null });
  });
});
