'use strict';

const { start } = require('./support/cluster');

test('where no guard can be started this is said once', async () => {
  const withoutShell = 'mount --bind /dev/null /bin/sh && exec "$@"';
  const command = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', withoutShell, 'sh'];
  const app = await start({ count: 1 }, { command });
  const [victim] = await app.workers();
  process.kill(victim.pid, 'SIGKILL');
  await app.event('listening', ({ id }) => id !== victim.id);
  await app.stop();
  expect(app.output.match(/no guard/g)).toHaveLength(1);
});
