import { Server, Socket } from 'net';
import {
  Cluster,
  ClusterAlone,
  ClusterChannels,
  ClusterError,
  ClusterEvents,
  ClusterStats,
  ClusterWorker,
  connectCluster,
  ControlClient,
  Handle,
  listClusters,
  ReloadReport,
  startCluster,
} from '@yunflyjs/cluster-native';
import { same } from './same';

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

export function errors(error: unknown): string {
  if (error instanceof ClusterError) return `${error.code}: ${error.message} (${String(error.cause)})`;
  throw new ClusterError('ERR_CLOSED', 'x', { cause: error });
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
