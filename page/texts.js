'use strict';

// What the page says, in English and in Chinese. Pure.

const en = {
  language: 'Language',
  connecting: 'Connecting …',
  unreachable: 'Not reachable. Trying again every second.',
  live: 'Live',
  refused: (status) => `The cluster answers ${status}.`,
  processes: 'Processes',
  errors: 'Last errors',
  noErrors: 'No error since the cluster was started.',
  events: 'Last events',
  noEvents: 'Nothing yet.',
  plots: 'Over time',
  range: 'Shown time',
  ranges: { 300: '5 min', 3600: '1 h', 86400: '24 h' },
  title: (title, version) => `${title} · cluster-native ${version}`,
  summary: ({ listening, starting, draining, standby, waiting }) => [
    `${listening} listening`,
    starting && `${starting} starting`,
    draining && `${draining} draining`,
    standby && `${standby} standby`,
    waiting && `${waiting} waiting`,
  ],
  units: [' d', ' h', ' min', ' s'],
  up: (time) => `up ${time}`,
  columns: {
    role: 'Role',
    slot: 'Slot',
    pid: 'PID',
    state: 'State',
    uptime: 'Uptime',
    restarts: 'Restarts',
    cpu: 'CPU',
    rss: 'RSS',
    heap: 'Heap used / total',
    utilization: 'Event loop',
    delay: 'Delay p50 / max',
    connections: 'Connections',
  },
  roles: { app: 'app', alone: 'alone', worker: 'worker' },
  states: {},
  fleet: 'Fleet',
  hostColumns: { host: 'Host', has: 'Has', state: 'State', workers: 'Workers', uptime: 'Uptime', version: 'Version' },
  has: { alone: 'alone', randomWorker: 'random worker' },
  hostStates: { ready: 'online', draining: 'draining', cutOff: 'not connected' },
  self: (host) => `${host} (this host)`,
  notReady: (state) => `${state}, not ready`,
  charts: {
    requests: ['Requests per second', 'peak', 'mean'],
    connections: ['Connections', 'waiting', 'open'],
    utilization: ['Event loop utilization', 'busiest worker', 'mean of workers'],
    delay: ['Event loop delay', 'longest, slowest worker', 'p50'],
    memory: ['Memory (RSS)', 'app and alone', 'workers'],
    messages: ['Messages per second', 'peak', 'mean'],
  },
  marks: {
    reload: 'reload',
    reloaded: 'reload done',
    failed: 'reload failed',
    exit: 'exit',
    crash: 'unexpected exit',
    scale: 'scale',
    hang: 'hang',
    trouble: 'given up',
  },
  time: 'time',
  now: (values) => `now ${values}`,
  who: ({ role, slot, pid }) => `${role}${slot === null ? '' : ` ${slot}`} (pid ${pid})`,
  fatal: 'fatal',
  happened: {
    exit: (who, { expected, reason, code, signal }) =>
      `${who} exited${expected ? '' : ' without being asked'}: ${reason} (${signal ?? `code ${code}`})`,
    error: (who, { name, message }) => `${who}: ${name}: ${message}`,
    hang: (who, { silentFor, state }) => `${who} hangs (${state}, silent for ${silentFor} ms): it is replaced`,
    givenUp: (_, { slot }) => `slot ${slot} is given up for now`,
    reload: () => 'reload began',
    reloaded: (_, { ok, reason, replaced }) => (ok ? `reload done: ${replaced} replaced` : `reload failed: ${reason}`),
    scale: (_, { from, to }) => `scaled from ${from} to ${to}`,
    ready: () => 'all processes are ready',
    exception: (_, { code, message }) => `the cluster gives up: ${code}: ${message}`,
  },
};

const zh = {
  language: '语言',
  connecting: '正在连接……',
  unreachable: '连接不上，每秒重试一次。',
  live: '实时',
  refused: (status) => `集群返回 ${status}。`,
  processes: '进程',
  errors: '最近的错误',
  noErrors: '启动以来没有错误。',
  events: '最近的事件',
  noEvents: '暂无事件。',
  plots: '走势',
  range: '显示时长',
  ranges: { 300: '5 分钟', 3600: '1 小时', 86400: '24 小时' },
  title: en.title,
  summary: ({ listening, starting, draining, standby, waiting }) => [
    `${listening} 个就绪`,
    starting && `${starting} 个启动中`,
    draining && `${draining} 个退出中`,
    standby && `${standby} 个待命`,
    waiting && `${waiting} 个空缺`,
  ],
  units: [' 天', ' 小时', ' 分', ' 秒'],
  up: (time) => `已运行 ${time}`,
  columns: {
    role: '角色',
    slot: 'slot',
    pid: 'PID',
    state: '状态',
    uptime: '运行时间',
    restarts: '重启次数',
    cpu: 'CPU',
    rss: '内存（RSS）',
    heap: '堆 已用 / 总量',
    utilization: '事件循环',
    delay: '延迟 p50 / 最大',
    connections: '连接数',
  },
  roles: en.roles,
  fleet: '多台机器',
  hostColumns: { host: '机器', has: '持有', state: '状态', workers: 'worker 数', uptime: '运行时间', version: '版本' },
  has: { alone: 'alone', randomWorker: '随机 worker' },
  hostStates: { ready: '在线', draining: '不再接替', cutOff: '未连接' },
  self: (host) => `${host}（本机）`,
  states: {
    idle: '未启动',
    starting: '启动中',
    running: '运行中',
    stopping: '停止中',
    listening: '就绪',
    ready: '就绪',
    draining: '退出中',
    standby: '待命',
  },
  notReady: (state) => `${state}，未就绪`,
  charts: {
    requests: ['每秒请求数', '峰值', '平均'],
    connections: ['连接数', '等待中', '打开中'],
    utilization: ['事件循环利用率', '最忙的 worker', 'worker 平均'],
    delay: ['事件循环延迟', '最慢的 worker 的最大值', 'p50'],
    memory: ['内存（RSS）', 'app 与 alone', 'worker'],
    messages: ['每秒消息数', '峰值', '平均'],
  },
  marks: {
    reload: 'reload 开始',
    reloaded: 'reload 完成',
    failed: 'reload 失败',
    exit: '退出',
    crash: '意外退出',
    scale: '扩缩容',
    hang: '卡死',
    trouble: '放弃',
  },
  time: '时间',
  now: (values) => `当前 ${values}`,
  who: en.who,
  fatal: '致命',
  happened: {
    exit: (who, { expected, reason, code, signal }) =>
      `${who} ${expected ? '退出' : '意外退出'}：${reason}（${signal ?? `退出码 ${code}`}）`,
    error: (who, { name, message }) => `${who}：${name}: ${message}`,
    hang: (who, { silentFor, state }) => `${who} 卡死（${state}，${silentFor} 毫秒没有响应），将被替换`,
    givenUp: (_, { slot }) => `暂时放弃 slot ${slot}`,
    reload: () => 'reload 开始',
    reloaded: (_, { ok, reason, replaced }) =>
      ok ? `reload 完成，替换了 ${replaced} 个进程` : `reload 失败：${reason}`,
    scale: (_, { from, to }) => `worker 数从 ${from} 改为 ${to}`,
    ready: () => '所有进程已就绪',
    exception: (_, { code, message }) => `集群放弃运行：${code}：${message}`,
  },
};

const LANGUAGES = { en, zh };

/** The first of these that there is: `navigator.languages`. */
function languageOf(wanted) {
  const known = wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => Object.hasOwn(LANGUAGES, tag));
  return known ?? 'en';
}

/** What an event is marked as; null for one that is not. */
function markOf({ type, expected, ok }) {
  if (type === 'exit') return expected ? 'exit' : 'crash';
  if (type === 'reloaded') return ok ? 'reloaded' : 'failed';
  if (type === 'givenUp' || type === 'exception') return 'trouble';
  return ['reload', 'scale', 'hang'].includes(type) ? type : null;
}

/** An event in words. */
function describe(event, texts) {
  const who = event.process === undefined ? '' : texts.who(event.process);
  return texts.happened[event.type]?.(who, event) ?? event.type;
}

module.exports = { LANGUAGES, describe, languageOf, markOf };
