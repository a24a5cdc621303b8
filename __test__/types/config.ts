import pino from 'pino';
import { Cluster, ClusterConfig, ClusterLogger, createCluster, startCluster } from '@yunflyjs/cluster-native';
import { same } from './same';

export async function starting(): Promise<void> {
  const started = await startCluster({ exec: './app.js' }, (ready) => same<typeof ready, Cluster>(true));
  same<typeof started, Cluster>(true);
  await startCluster({ enable: false, exec: './app.js' });
  // @ts-expect-error exec is required
  await startCluster({ count: 4 });
  // @ts-expect-error not a callback
  await startCluster({ exec: './app.js' }, 1);

  const created = createCluster({ exec: './app.js' });
  await created.start();
  await created.ready();
  await created.ready((ready) => ready.title.length);
  await created.close();
  await created.close({ force: true });
  // @ts-expect-error not an option
  await created.close({ now: true });
}

export const full: ClusterConfig = {
  enable: true,
  exec: './app.js',
  alone: './alone',
  count: 'auto',
  limit: 60,
  aloneLimit: 600,
  env: { PORT: 3000, DEBUG: true, NAME: 'x', REMOVED: undefined },
  instanceVar: 'INDEX',
  title: 'shop',
  refork: true,
  reloadDelay: 500,
  mode: 'production',
  args: ['--x'],
  execArgv: ['--enable-source-maps'],
  cwd: '/srv',
  aloneConfig: { any: ['thing'] },
  ready: 'listening',
  randomWorker: false,
  balance: 'sticky',
  standby: 1,
  compileCache: '/var/cache/shop',
  startTimeout: 1,
  killTimeout: 1,
  shutdownDelay: 0,
  minUptime: 0,
  maxMessageBytes: 1024,
  serialization: 'advanced',
  output: 'prefix',
  logger: console,
};

/** With `satisfies` the values keep their own types; `as const` makes the arrays readonly. */
export async function checked(): Promise<void> {
  const config = {
    exec: './app.js',
    balance: 'sticky',
    args: ['--x'],
    watch: ['src'],
    listenFds: [3],
  } as const satisfies ClusterConfig;
  same<typeof config.balance, 'sticky'>(true);
  await startCluster(config);
  // @ts-expect-error there is no such balance
  ({ exec: './app.js', balance: 'random' }) satisfies ClusterConfig;
}

export const loggers: ClusterLogger[] = [console, pino(), pino().child({ part: 'cluster' })];

export const wrong: ClusterConfig[] = [
  // @ts-expect-error
  { exec: 5 },
  // @ts-expect-error
  { exec: 'x', alone: true },
  // @ts-expect-error
  { exec: 'x', count: 'all' },
  // @ts-expect-error
  { exec: 'x', env: { A: null } },
  // @ts-expect-error
  { exec: 'x', mode: 'staging' },
  // @ts-expect-error
  { exec: 'x', ready: 'soon' },
  // @ts-expect-error
  { exec: 'x', randomWorker: true },
  // @ts-expect-error
  { exec: 'x', balance: 'random' },
  // @ts-expect-error
  { exec: 'x', standby: true },
  // @ts-expect-error
  { exec: 'x', compileCache: 1 },
  // @ts-expect-error
  { exec: 'x', serialization: 'v8' },
  // @ts-expect-error
  { exec: 'x', output: 'ignore' },
  // @ts-expect-error no functions of a logger
  { exec: 'x', logger: { warn() {} } },
  // @ts-expect-error
  { exec: 'x', cuont: 4 },
];
