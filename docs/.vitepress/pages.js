'use strict';
// The pages in the order of the sidebar: [file below docs/en and docs/zh, English title, Chinese title].

module.exports = [
  {
    en: 'Guide',
    zh: '指南',
    pages: [
      ['guide/index', 'Introduction', '简介'],
      ['guide/getting-started', 'Getting started', '快速开始'],
      ['guide/command-line', 'Command line', '命令行'],
      ['guide/development', 'Development', '开发模式'],
      ['guide/typescript', 'TypeScript and ES modules', 'TypeScript 与 ESM'],
      ['guide/examples', 'Examples', '示例'],
      ['guide/troubleshooting', 'Troubleshooting', '排查问题'],
    ],
  },
  {
    en: 'Features',
    zh: '功能',
    pages: [
      ['guide/connections', 'Connections', '连接'],
      ['guide/messages', 'Messages', '进程间通信'],
      ['guide/requests', 'Requests and answers', '请求与应答'],
      ['guide/topics', 'Topics: publish and subscribe', '发布与订阅'],
      ['guide/alone', 'The alone process and jobs', 'alone 进程与单个 worker 的任务'],
      ['guide/reload', 'Reload, releases, scale, standby', '不停机更新'],
      ['guide/shutdown', 'Shutdown', '优雅退出'],
      ['guide/shutdown-recipes', 'Shutdown recipes: closing what an app uses', '关闭应用使用的资源'],
      ['guide/register', 'Code that calls cluster.fork()', '已有 cluster.fork() 的代码'],
      ['guide/yunfly', "In place of yunfly's cluster", '在 yunfly 中替换 cluster'],
      ['guide/output', 'Output and logs', '输出与日志'],
    ],
  },
  {
    en: 'In production',
    zh: '生产环境',
    pages: [
      ['guide/production', 'Production checklist', '上线前检查'],
      ['guide/containers', 'Docker and Kubernetes', '容器：Docker 与 Kubernetes'],
      ['guide/fleet', 'More than one machine', '多台机器'],
      ['guide/systemd', 'systemd', 'systemd'],
      ['guide/control', 'Control a running cluster', '控制运行中的集群'],
      ['guide/observability', 'Observability', '可观测性'],
      ['guide/tools', 'Tools for node:cluster', '为 node:cluster 编写的工具'],
      ['guide/security', 'Security: who is trusted with what', '安全模型：谁可以做什么'],
    ],
  },
  {
    en: 'Migration',
    zh: '迁移',
    pages: [
      ['migration/node-cluster', 'From node:cluster, throng and cfork', '从 node:cluster 迁移'],
      ['migration/pm2', 'From PM2', '从 PM2 迁移'],
      ['migration/egg', 'From egg', '从 egg 的进程模型迁移'],
      ['migration/yunfly', "From yunfly's cluster", '从 yunfly 的 cluster 迁移'],
    ],
  },
  {
    en: 'Reference',
    zh: '参考',
    pages: [
      ['reference/configuration', 'Configuration', '配置'],
      ['reference/api', 'API', 'API'],
      ['reference/events', 'Events', '事件'],
      ['reference/errors', 'Errors and warnings', '错误与警告'],
    ],
  },
  {
    en: 'Internals',
    zh: '内部原理',
    pages: [
      ['internals/how-it-works', 'How it works', '工作原理'],
      ['internals/benchmarks', 'Benchmarks', '性能与行为测试'],
    ],
  },
];
