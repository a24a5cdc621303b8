import type { ChildProcess } from 'child_process';
import cluster from 'cluster';
import { createSocket } from 'dgram';
import { Server, Socket } from 'net';
import pino from 'pino';
import {
  BroadcastAnswers,
  ChosenWorker,
  Cluster,
  ClusterAlone,
  ClusterChannels,
  ClusterConfig,
  ClusterError,
  ClusterEvents,
  ClusterLogger,
  ClusterStats,
  ClusterWorker,
  connectCluster,
  ControlClient,
  createCluster,
  fence,
  Fence,
  FleetConfig,
  Handle,
  job,
  listClusters,
  messenger,
  onRequest,
  once,
  publish,
  ReloadReport,
  request,
  sendmessage,
  startCluster,
  subscribe,
  TopicInfo,
  unsubscribe,
} from '@yunflyjs/cluster-native';

/** Fails to compile unless both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

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

interface Order {
  to: 'app';
  order: number;
}

export async function typed(): Promise<void> {
  await using running = await startCluster<Order>({ exec: './app.js', handleSignals: false });
  running.on('message', (_from, message) => same<typeof message, Order>(true));
  running.send<Order>({ to: 'app', order: 1 });
  // @ts-expect-error not an order
  running.send<Order>({ to: 'app' });
  const answer = await running.request<string, number>({ to: 'alone', action: 'name of', data: 1 });
  same<typeof answer, string>(true);
  // @ts-expect-error its data is a number
  await request<string, number>({ to: 'alone', action: 'name of', data: 'one' });
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

export function events(running: Cluster): void {
  running.on('fork', (worker) => same<typeof worker, ClusterWorker>(true));
  running.on('listening', (worker, { address, port, addressType }) => [worker.slot, address, port, addressType]);
  running.once('exit', (_worker, code, signal) => {
    same<typeof code, number | null>(true);
    same<typeof signal, NodeJS.Signals | null>(true);
  });
  running.on('unexpectedExit', ({ exitReason }) => exitReason === 'SIGSEGV' || exitReason === 'hang');
  // @ts-expect-error there is no such reason
  running.on('unexpectedExit', ({ exitReason }) => exitReason === 'bored');
  running.on('message', (from, message) => {
    same<typeof from, ClusterWorker | ClusterAlone>(true);
    message.anything.at.all;
  });
  running.on('message', (_from, _message, handle) => {
    same<typeof handle, Handle | undefined>(true);
    if (handle instanceof Socket) handle.end();
    if (handle instanceof Server) handle.close();
  });
  running.on('standby', ({ slot, state }) => [slot?.toFixed(), state === 'standby']);
  running.on('missed', (worker, { messages, bytes }) => [worker.pid, messages.toFixed(), bytes.toFixed()]);
  running.on('reload', (report) => same<typeof report, ReloadReport>(true));
  running.on('output', (child, text, stream) => {
    same<typeof child, ClusterWorker | ClusterAlone>(true);
    same<typeof stream, 'stdout' | 'stderr'>(true);
    child.on('output', (again) => again === text);
  });
  running.on('undeliverable', (from, _message, reason) => [reason === 'no-alone', from?.pid]);
  // @ts-expect-error there is no such reason
  running.on('undeliverable', (_from, _message, reason) => reason === 'nobody');
  running.on('protocolError', (_child, error) => same<typeof error, ClusterError>(true));
  running.on('aloneError', (alone, error) => [alone.state === 'ready', error.stack]);
  running.on('aloneExit', (alone, code) => [alone.pid, code]);
  running.on('reachReforkLimit', (slot) => slot.toFixed());
  running.on('check', ({ listening, standby }) => (listening + standby).toFixed());
  running.on('exception', (error) => error.code === 'ERR_NO_WORKERS');
  // @ts-expect-error there is no such code
  running.on('exception', (error) => error.code === 'ERR_BAD_LUCK');
  running.on('ready', () => {});
  // @ts-expect-error no arguments
  running.on('close', (why: string) => why);
  // @ts-expect-error there is no such event
  running.on('error', () => {});
}

export function calls(running: Cluster): void {
  const worker = running.randomWorker({ action: 'job' });
  same<typeof worker, ClusterWorker | null>(true);
  same<ReturnType<typeof running.stats>, ClusterStats>(true);
  for (const { connections, received, sent, refused, queuedBytes } of running.stats().children) {
    (connections + received + sent + refused + queuedBytes).toFixed();
  }
  for (const { key, acceptor, waiting, queued, counts } of running.stats().listeners) {
    [key.length, acceptor === 'workers', waiting.toFixed(), queued?.toFixed()];
    (counts.accepted + counts.handedOver + counts.handedAgain + counts.switches).toFixed();
  }
  const waits: boolean = running.sendmessage({ to: 'alone', data: 1 });
  // @ts-expect-error not an object
  running.sendmessage('text');
  for (const [id, each] of running.workers) {
    const sent: boolean = each.send([id, waits]);
    each.disconnect().kill('SIGKILL');
    each.kill(9);
    // @ts-expect-error no signal
    each.kill('SIGNONE');
    each.on('message', (message) => [message, sent]);
    // @ts-expect-error only the cluster sets it
    each.state = 'dead';
  }
  running.alone?.send('text');
  // @ts-expect-error the alone has no slot
  running.alone?.slot;
  // @ts-expect-error only the cluster sets it
  running.title = 'x';
  // @ts-expect-error only the cluster makes workers
  new ClusterWorker();
}

export async function changing(running: Cluster): Promise<void> {
  const report = await running.reload({
    env: { A: 1, B: undefined },
    exec: './next.js',
    args: [],
    target: 'all',
    concurrency: 2,
  });
  if (report.ok) {
    for (const { slot, oldPid, newPid, readyAfter, drainedAfter, connections } of report.replaced) {
      [slot?.toFixed(), oldPid, newPid, readyAfter + (drainedAfter ?? 0) + connections];
    }
    // @ts-expect-error nothing failed
    report.error;
  } else {
    same<typeof report.error, ClusterError>(true);
    report.reason === 'did-not-stay';
    // @ts-expect-error there is no such reason
    report.reason === 'it rains';
  }
  await running.reload();
  // @ts-expect-error no such target
  await running.reload({ target: 'app' });
  // @ts-expect-error not an option
  await running.reload({ count: 2 });
  const scaled: void = await running.scale(8);
  // @ts-expect-error a number
  await running.scale('auto');
  return scaled;
}

export function passing(running: Cluster, worker: ClusterWorker): void {
  const sent: boolean = worker.send({ to: 'worker' }, new Socket());
  running.alone?.send('server', new Server());
  running.alone?.send('datagrams', createSocket('udp4'), { keepOpen: sent });
  worker.send('none', null);
  worker.send('told', (error) => error?.message);
  worker.send('told', new Socket(), { keepOpen: true }, (error) => same<typeof error, Error | null>(true));
  worker.process.once('exit', () => worker.process.kill(0) || worker.process.exitCode);
  worker.send('none', undefined, {});
  // @ts-expect-error no handle
  worker.send('text', 'handle');
  // @ts-expect-error not an option
  worker.send('x', new Socket(), { keep: true });
  // @ts-expect-error the cluster's own has none
  running.sendmessage({}, new Socket());
}

export function sending(child: ChildProcess, running: Cluster): void {
  sendmessage(process, { to: 'alone' });
  sendmessage(child, {});
  if (cluster.worker) sendmessage(cluster.worker, {});
  if (running.alone) sendmessage(running.alone, {});
  for (const worker of running.workers.values()) sendmessage(worker, {});
  // @ts-expect-error not an object
  sendmessage(process, 'text');
  // @ts-expect-error no target
  sendmessage({});
}

export async function asking(running: Cluster): Promise<void> {
  const sum = await request<number>({ to: 'alone', action: 'sum', data: [1, 2] }, { timeout: 1000 });
  same<typeof sum, number>(true);
  await request({ to: 'worker', worker_pid: 7, action: 'x' }, { signal: AbortSignal.timeout(5), timeout: Infinity });
  const all = await running.request<string>({ to: 'worker', type: 'all', action: 'name' });
  same<typeof all, BroadcastAnswers<string>>(true);
  for (const [pid, { code, remoteStack }] of all.failed) [pid.toFixed(), code, remoteStack?.length];
  const ofHosts = await request<number>({ to: 'worker', type: 'all', scope: 'fleet', action: 'count' });
  same<typeof ofHosts, BroadcastAnswers<number, string>>(true);
  await request({ to: 'worker', worker_pid: 'host/7', scope: 'fleet', action: 'x' });
  const done = await job<number>('sum', [1, 2], { retry: 2, timeout: 1000, signal: AbortSignal.timeout(5) });
  same<typeof done, number>(true);
  await running.job('sum');
  // @ts-expect-error no scope
  await request({ to: 'alone', scope: 'host', action: 'x' });
  // @ts-expect-error no action
  await request({ to: 'alone' });
  // @ts-expect-error there is no such process
  await running.request({ to: 'master', action: 'x' });
  // @ts-expect-error not an option
  await request({ to: 'app', action: 'x' }, { retries: 3 });

  const remove: () => void = onRequest('sum', ([a, b]: number[], { from, pid }) => [a + b, pid, from === 'worker']);
  running.onRequest('later', async (text: string, { host }) => [text.length, host?.length]);
  // @ts-expect-error not a function
  onRequest('x', 'y');
  remove();
}

export function inWorkers(): void {
  const pid: number | undefined = cluster.worker?.process.id;
  process.on('yunfly:drain', ({ reason, waitUntil }) => waitUntil(Promise.resolve([reason, pid])));
  process.on('exit', (code) => code.toFixed());
  process.once('yunfly:ready', ({ workers, alone }) => [workers.length, alone?.toFixed()]);
  process.on('yunfly:workers', ({ pids, joined, left }) => same<typeof pids, typeof joined & typeof left>(true));
  process.on('yunfly:alone', ({ pid }) => same<typeof pid, number | null>(true));
}

export function byAction(running: Cluster): void {
  messenger.on('sum', (list: number[], { action }) => [list.length, action.length]).once('x', () => {});
  running.messenger.on<string>('name', (name, _message, sender) => [name.length, sender?.pid]);
  const more: boolean =
    messenger.broadcast('x') && messenger.sendTo('7', 'x', { a: 1 }) && running.messenger.sendTo(7, 'x');
  // @ts-expect-error no action
  messenger.sendRandom();
  running.on('aloneReachLimit', ({ code }) => [code, more, running.stats().alone?.limitReached]);
}

export function errors(error: unknown): string {
  if (error instanceof ClusterError) return `${error.code}: ${error.message} (${String(error.cause)})`;
  throw new ClusterError('ERR_CLOSED', 'x', { cause: error });
}

export function topics(cluster: Cluster): void {
  const end = subscribe('news', (value, info) => {
    same<typeof value, any>(true);
    same<typeof info, TopicInfo>(true);
    same<typeof info.from, 'app' | 'alone' | 'worker'>(true);
  });
  same<typeof end, () => void>(true);
  subscribe<{ at: number }>('news', ({ at }) => at.toFixed());
  once('news', (_value, { retained }) => same<typeof retained, boolean>(true))();
  unsubscribe('news');
  unsubscribe('news', () => {});
  same<boolean, ReturnType<typeof publish>>(true);
  publish('news', undefined, { retain: true });
  publish<number>('news', 1);
  // @ts-expect-error not a string
  publish('news', 1, { retain: 'yes' });
  // @ts-expect-error no value
  publish('news');
  // @ts-expect-error not the value's type
  publish<number>('news', '1');
  cluster.subscribe<number>('news', (value) => value.toFixed())();
  cluster.subscribeOnce('news', () => {})();
  cluster.unsubscribe('news');
  same<boolean, ReturnType<typeof cluster.publish>>(true);
  cluster.publish('news', 1, { retain: true });
  cluster.on('missed', (child, { messages }) => child.pid + messages);
}

export function channels(heard: ClusterChannels['cluster-native:exit']): void {
  // Each event has a channel, and the other way round.
  same<keyof ClusterChannels, `cluster-native:${keyof ClusterEvents}`>(true);
  const [worker, code, signal]: ClusterEvents['exit'] = [heard.worker, heard.code, heard.signal];
  heard.cluster.emit('exit', worker, code, signal);
}

export async function control(): Promise<void> {
  const client = await connectCluster('shop');
  same<ControlClient[], Awaited<ReturnType<typeof listClusters>>>(true);
  await connectCluster(client.pid);
  await connectCluster();
  const { workers } = await client.stats();
  same<string, Awaited<ReturnType<typeof client.metrics>>>(true);
  same<boolean, Awaited<ReturnType<typeof client.isReady>>>(true);
  const report = await client.reload({ env: { A: '1' }, target: 'all' });
  if (!report.ok) same<'ERR_RELOAD_FAILED' extends typeof report.error.code ? true : false, true>(true);
  if (!report.ok && report.reason === 'under-way') report.replaced.length.toFixed();
  await client.scale(workers.listening + 1);
  const pid: number = await client.kill(1);
  const { signal } = new AbortController();
  const profile = await client.profile('alone', { kind: 'cpu', duration: 1000, file: 'a.cpuprofile', signal });
  same<number | null, typeof profile.slot>(true);
  const [worker] = (await startCluster({ exec: './app.js' })).workers.values();
  same<string, Awaited<ReturnType<typeof worker.profile>>['file']>(true);
  await worker.profile({ kind: 'heap', inPlace: true });
  // @ts-expect-error the kind is needed
  await worker.profile({ duration: 1 });
  await client.stop();
  // @ts-expect-error a slot is a number
  await client.kill('1');
  // @ts-expect-error only the master changes it
  client.pid = pid;
}

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
