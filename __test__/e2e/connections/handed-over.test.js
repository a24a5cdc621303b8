'use strict';

const path = require('node:path');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { folder } = require('../support/files');
const { until } = require('../support/until');

const COUNT = 20;

const ours = (frames, act) => frames.filter((frame) => frame.act === act);

describe.each([
  ['round-robin', 'a port'],
  ['round-robin', 'a path'],
  ['sticky', 'a port'],
  ['auto', 'a port'],
])('a worker that is given connections (%s, %s)', (balance, where) => {
  test('says of each once that it has it, and then at which socket', async () => {
    const at = where === 'a path' ? path.join(folder(), 'socket') : undefined;
    const app = await start({
      exec: fixture('workers/written.js'),
      count: 1,
      balance,
      env: at && { LISTEN_PATH: at },
    });
    const port = at ? undefined : await app.port();
    const written = async () =>
      JSON.parse((await request(port, '/', { socketPath: at })).text).map((line) => JSON.parse(line));
    for (let n = 1; n < COUNT; n += 1) await written();
    const frames = await written();
    expect(frames.filter(({ accepted }) => accepted)).toHaveLength(COUNT);
    expect(frames.filter(({ cmd }) => cmd === 'NODE_HANDLE_ACK').length).toBeLessThanOrEqual(1);
    await until(async () => ours(await written(), 'connections').length > 0);
    const [{ servers }] = ours(await written(), 'connections').slice(-1);
    expect(servers).toEqual([expect.objectContaining({ key: expect.any(String) })]);
  });
});
