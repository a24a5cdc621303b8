import { ChosenWorker, createCluster, fence, Fence, FleetConfig } from '@yunflyjs/cluster-native';
import { same } from './same';

export async function fleet(): Promise<void> {
  const whole: FleetConfig = {
    servers: ['nats://a:4222', 'tls://b:4222'] as const,
    name: 'shop',
    host: 'a',
    tls: { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' },
    credentials: { user: 'u', password: 'p' },
    alone: 'fleet',
    randomWorker: 'host',
    lease: 15_000,
    onLost: 'keep',
    start: 'serve',
  };
  const cluster = createCluster({ exec: './app.js', fleet: whole });
  createCluster({ exec: './app.js', fleet: false });
  createCluster({ exec: './app.js', fleet: { url: 'nats://a', credentials: { token: 't' } } });
  createCluster({ exec: './app.js', fleet: { url: 'nats://a', credentials: { file: 'app.creds' } } });
  // @ts-expect-error a user needs a password
  createCluster({ exec: './app.js', fleet: { url: 'nats://a', credentials: { user: 'u' } } });
  // @ts-expect-error not an option
  createCluster({ exec: './app.js', fleet: { url: 'nats://a', onLost: 'wait' } });

  same<typeof cluster.fleet extends { alone: infer A } | null ? A : never, { host: string; ready: boolean } | null>(
    true,
  );
  cluster.fleet?.move();
  cluster.fleet?.move('b');
  cluster.fleet?.drain();
  cluster.fleet?.resume();
  for (const { host, workers, self } of cluster.fleet?.members() ?? []) [host.length, workers.toFixed(), self === true];
  const chosen = await cluster.randomWorker({ a: 1 }, { scope: 'fleet' });
  same<typeof chosen, ChosenWorker>(true);
  cluster.publish('topic', 1, { scope: 'fleet', retain: true });
  cluster.on('hostJoin', ({ host }) => same<typeof host, string>(true));
  cluster.on('hostLeave', ({ reason }) => same<typeof reason, 'closed' | 'silent'>(true));
  cluster.on('fleetMissed', ({ count }) => same<typeof count, number>(true));
  cluster.on('randomWorkerLost', ({ reason }) => same<typeof reason, 'expired' | 'taken' | 'moved'>(true));
  // @ts-expect-error it only tells
  cluster.fleet!.connected = true;
  cluster.on('aloneAcquired', ({ token }) => same<typeof token, string>(true));
  cluster.on('aloneLost', ({ reason }) => same<typeof reason, 'expired' | 'taken' | 'moved'>(true));
  const held: Fence | undefined = fence();
  if (held) same<[typeof held.token, typeof held.validUntil], [string, number]>(true);
}
