import type { ChildProcess } from 'child_process';
import cluster from 'cluster';
import { createSocket } from 'dgram';
import { Server, Socket } from 'net';
import {
  BroadcastAnswers,
  Cluster,
  ClusterWorker,
  job,
  messenger,
  onRequest,
  once,
  publish,
  request,
  sendmessage,
  startCluster,
  subscribe,
  TopicInfo,
  unsubscribe,
} from '@yunflyjs/cluster-native';
import { same } from './same';

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
  process.addListener('yunfly:drain', ({ waitUntil }) => waitUntil(Promise.resolve()));
  process.prependListener('yunfly:workers', ({ joined }) => same<typeof joined, number[]>(true));
  process.prependOnceListener('yunfly:alone', ({ pid }) => same<typeof pid, number | null>(true));
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
