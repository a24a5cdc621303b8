'use strict';

// The page: asks, and shows what comes.

const { PointBuffer } = require('./buffer');
const { Charts } = require('./charts');
const format = require('./format');
const { HOSTS, hosts } = require('./hosts');
const { Marks } = require('./marks');
const { Past, element } = require('./past');
const { RefusedError, poll } = require('./poll');
const { CpuUse, NAMES, isSame, rows, sample, timeOf } = require('./sample');
const { PROCESSES, Table, put } = require('./table');
const { LANGUAGES, languageOf, markOf } = require('./texts');

const RANGES = [300, 3600, 86_400];
const REMEMBERED = 'cluster-native.language';

const $ = (id) => document.getElementById(id);
const charts = new Charts($('charts'));
const table = new Table($('processes'), PROCESSES);
const hostTable = new Table($('hosts'), HOSTS);
const past = new Past({
  errors: { list: $('errors'), empty: $('no-errors') },
  events: { list: $('events'), empty: $('no-events') },
});

let points = new PointBuffer(NAMES);
let cpu = new CpuUse();
const marks = new Marks();
let stats = null;
let range = RANGES[0];
let status = { kind: 'connecting' };
let language = remembered() ?? languageOf(navigator.languages);
let texts = LANGUAGES[language];

/** Storage may be forbidden. */
function remembered() {
  try {
    const kept = localStorage.getItem(REMEMBERED);
    return Object.hasOwn(LANGUAGES, kept) ? kept : null;
  } catch {
    return null;
  }
}

function remember() {
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // It is asked again.
  }
}

function tell(answer) {
  const { news } = answer;
  const before = stats;
  stats = answer.stats;
  // The clock was set back, or another cluster is there.
  if (timeOf(stats) < points.last) {
    points = new PointBuffer(NAMES);
    marks.clear();
  }
  // In a container its processes have the pids of those before.
  if (before !== null && !isSame(stats, before)) cpu = new CpuUse();
  points.add(timeOf(stats), sample(stats, before));
  for (const event of news.events) {
    const kind = markOf(event);
    if (kind !== null) marks.add(event.time / 1000, kind);
  }
  past.add(news.events);
  table.show(rows(stats, cpu.of(stats)), texts);
  showFleet();
  status = { kind: 'live' };
  show();
}

function fail(error) {
  status = error instanceof RefusedError ? { kind: 'refused', status: error.status } : { kind: 'unreachable' };
  showStatus();
}

function show() {
  showStatus();
  if (stats === null) return;
  put($('title'), stats.title);
  document.title = texts.title(stats.title, stats.version);
  put($('version'), `cluster-native ${stats.version}`);
  const state = texts.states[stats.state] ?? stats.state;
  put($('state'), stats.state === 'running' && !stats.ready ? texts.notReady(state) : state);
  $('state').dataset.state = stats.ready ? 'ready' : stats.state;
  put($('uptime'), texts.up(format.duration(stats.uptime, texts.units)));
  put($('summary'), texts.summary(stats.workers).filter(Boolean).join(' · '));
  charts.show(points.columns(points.last - range), marks.since(points.last - range), range);
}

/** Most clusters have none. */
function showFleet() {
  $('fleet').hidden = stats.fleet === null;
  if (stats.fleet !== null) hostTable.show(hosts(stats), texts);
}

function showStatus() {
  document.documentElement.dataset.status = status.kind;
  put($('status'), status.kind === 'refused' ? texts.refused(status.status) : texts[status.kind]);
}

/** Everything that is written in a language, or drawn in colours. */
function build() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
  // How dates are written where the reader is.
  const locale = navigator.languages.find((tag) => languageOf([tag]) === language) ?? document.documentElement.lang;
  for (const labelled of document.querySelectorAll('[data-text]')) put(labelled, texts[labelled.dataset.text]);
  $('language').setAttribute('aria-label', texts.language);
  $('ranges').setAttribute('aria-label', texts.range);
  $('scroll').setAttribute('aria-label', texts.processes);
  $('scroll-hosts').setAttribute('aria-label', texts.fleet);
  $('ranges').replaceChildren(...RANGES.map(rangeButton));
  $('marks').replaceChildren(...Object.entries(texts.marks).map(([kind, text]) => element('li', kind, text)));
  table.build(texts);
  hostTable.build(texts);
  past.build(texts, locale);
  charts.build(texts, locale);
  if (stats !== null) {
    table.show(rows(stats, cpu.of(stats)), texts);
    showFleet();
  }
  show();
}

function rangeButton(seconds) {
  const button = element('button', '', texts.ranges[seconds]);
  button.type = 'button';
  button.setAttribute('aria-pressed', String(seconds === range));
  button.addEventListener('click', () => {
    range = seconds;
    for (const other of $('ranges').children) other.setAttribute('aria-pressed', String(other === button));
    show();
  });
  return button;
}

$('language').value = language;
$('language').addEventListener('change', ({ target }) => {
  language = target.value;
  texts = LANGUAGES[language];
  remember();
  build();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
build();
poll({ tell, fail });
