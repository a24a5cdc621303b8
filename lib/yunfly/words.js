'use strict';

// What the log says: in Chinese where that is the user's language, else in English. Each text is made of facts.

const list = (workers) => workers.map(({ pid }) => pid).join(', ') || '-';

const ENGLISH = {
  begins: ({ title, mode, url, exec }) => `${title} starts: ${mode}, ${url}, workers run ${exec}`,
  aloneReady: ({ id, pid }) => `[master] the alone is ready: id ${id}, pid ${pid}`,
  aloneEnded: ({ id, pid, code, signal }) =>
    `[master] the alone has ended: id ${id}, pid ${pid}, code ${code}, signal ${signal}`,
  forked: ({ id, pid, workers }) => `[master] a worker was forked: id ${id}, pid ${pid}; workers: ${list(workers)}`,
  listens: ({ id, pid, address, remain }) =>
    `[master] a worker listens: id ${id}, pid ${pid}, ${address}; ${remain} more to come`,
  disconnected: ({ id, pid, asked }) =>
    `[master] a worker has disconnected: id ${id}, pid ${pid}, exitedAfterDisconnect ${asked}`,
  ended: ({ id, pid, code, signal, asked }) =>
    `[master] a worker has ended: id ${id}, pid ${pid}, code ${code}, signal ${signal}, exitedAfterDisconnect ${asked}`,
  unexpected: ({ id, pid }) => `[master] the worker ended unexpectedly: id ${id}, pid ${pid}`,
  alive: ({ workers }) => `[app] ${workers.length} workers are listening: ${list(workers)}`,
  refilled: ({ id, pid }) => `[master] a new worker is ready: id ${id}, pid ${pid}`,
  started: ({ title, duration, workers }) => `${title} is ready after ${duration}; workers: ${list(workers)}`,
  runs: ({ url }) => `the app runs at ${url}`,
  elsewhere: ({ port }) => `workers listen, but not on port ${port}: set \`port\` to the one that they use`,
  reloads: ({ target }) => `[master] reloading: ${target}`,
  reloaded: ({ target, duration }) => `[master] reloaded: ${target}, after ${duration}`,
  notReloaded: ({ target, error }) => `[master] not reloaded: ${target}. ${error}`,
  signal: ({ pid, signal }) => `[app ${pid}] ${signal} received, closing`,
  closes: ({ pid }) => `[app ${pid}] closing: the workers, then the alone`,
  orphaned: ({ pid }) => `[app ${pid}] the channel to its parent has closed, closing`,
  failed: ({ error }) => `the start failed: ${error}`,
  portTaken: ({ error }) =>
    `the port is in use (EADDRINUSE). Nothing was killed: end the process that has it, or set another \`port\`. ${error}`,
  gaveUp: ({ error }) => `no worker is left, giving up: ${error}`,
  exits: ({ pid, code }) => `[app ${pid}] exits with code ${code}`,
};

const CHINESE = {
  begins: ({ title, mode, url, exec }) => `${title} 开始启动：${mode} 模式，地址 ${url}，worker 运行 ${exec}`,
  aloneReady: ({ id, pid }) => `[master] alone 进程已就绪：id ${id}，pid ${pid}`,
  aloneEnded: ({ id, pid, code, signal }) =>
    `[master] alone 进程已退出：id ${id}，pid ${pid}，退出码 ${code}，信号 ${signal}`,
  forked: ({ id, pid, workers }) => `[master] 新建 worker 进程：id ${id}，pid ${pid}；当前 worker：${list(workers)}`,
  listens: ({ id, pid, address, remain }) =>
    `[master] worker 开始监听：id ${id}，pid ${pid}，${address}；还有 ${remain} 个未就绪`,
  disconnected: ({ id, pid, asked }) => `[master] worker 已断开：id ${id}，pid ${pid}，exitedAfterDisconnect ${asked}`,
  ended: ({ id, pid, code, signal, asked }) =>
    `[master] worker 已退出：id ${id}，pid ${pid}，退出码 ${code}，信号 ${signal}，exitedAfterDisconnect ${asked}`,
  unexpected: ({ id, pid }) => `[master] worker 异常退出：id ${id}，pid ${pid}`,
  alive: ({ workers }) => `[app] 存活的 worker 有 ${workers.length} 个：${list(workers)}`,
  refilled: ({ id, pid }) => `[master] 新的 worker 已就绪：id ${id}，pid ${pid}`,
  started: ({ title, duration, workers }) => `${title} 启动成功，耗时 ${duration}；当前 worker：${list(workers)}`,
  runs: ({ url }) => `应用运行在 ${url}`,
  elsewhere: ({ port }) => `worker 监听的不是 ${port} 端口：请把 \`port\` 改成实际监听的端口`,
  reloads: ({ target }) => `[master] 正在重启 ${target}`,
  reloaded: ({ target, duration }) => `[master] ${target} 重启完成，耗时 ${duration}`,
  notReloaded: ({ target, error }) => `[master] ${target} 重启失败：${error}`,
  signal: ({ pid, signal }) => `[app ${pid}] 收到 ${signal}，正在退出`,
  closes: ({ pid }) => `[app ${pid}] 正在退出：先关闭 worker，再关闭 alone`,
  orphaned: ({ pid }) => `[app ${pid}] 与父进程的连接已断开，正在退出`,
  failed: ({ error }) => `启动失败：${error}`,
  portTaken: ({ error }) =>
    `端口已被占用（EADDRINUSE）。没有杀掉任何进程：请先结束占用端口的进程，或者换一个 \`port\`。${error}`,
  gaveUp: ({ error }) => `没有存活的 worker，放弃重启：${error}`,
  exits: ({ pid, code }) => `[app ${pid}] 退出，退出码 ${code}`,
};

/** POSIX: the first of them that is set and not empty says the language. */
function wordsFor({ LC_ALL, LC_MESSAGES, LANG }) {
  return (LC_ALL || LC_MESSAGES || LANG || '').startsWith('zh') ? CHINESE : ENGLISH;
}

module.exports = { wordsFor, CHINESE, ENGLISH };
