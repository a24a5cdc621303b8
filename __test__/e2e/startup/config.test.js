'use strict';

const { launch, start } = require('../support/cluster');

test.each([
  ['exec', undefined],
  ['exec', 42],
  ['exec', '/no/such/file.js'],
  ['count', 0],
  ['count', -1],
  ['count', 1.5],
  ['count', 'x'],
  ['limit', -1],
  ['title', 7],
  ['refork', 'yes'],
  ['enable', 'no'],
  ['alone', '/no/such/folder'],
  ['alone', 3],
  ['mode', 'staging'],
  ['startTimeout', '5s'],
  ['killTimeout', -5],
  ['shutdownDelay', null],
  ['maxMessageBytes', 0],
  ['args', 'one two'],
  ['execArgv', [1]],
  ['cwd', '/no/such/folder'],
  ['ready', 'soon'],
])('%s: %j is refused: the error names the field and what is allowed', async (field, value) => {
  const app = launch({ [field]: value });
  const [error] = await app.event('rejected');
  expect(error).toMatchObject({ name: 'ClusterError', code: 'ERR_CONFIG_INVALID' });
  expect(error.message).toContain(field);
  if (value !== undefined) expect(error.message).toContain(typeof value === 'string' ? value : JSON.stringify(value));
  await expect(app.gone).resolves.toEqual({ code: 1, signal: null });
  expect(app.events('fork')).toEqual([]);
});

test('an unknown field is a warning that names it', async () => {
  const app = await start({ cuont: 3, count: 1 });
  const [warning] = await app.event('warning', ({ message }) => message.includes('cuont'));
  expect(warning.name).toEqual(expect.any(String));
});
