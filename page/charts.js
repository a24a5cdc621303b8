'use strict';

// The plots: uPlot, with the marks drawn upon them.

const format = require('./format');

/* global uPlot */

/** What each shows: first a thin line, then the main one; of each a name of `sample.NAMES`, and whether its mean or its peak. */
const CHARTS = {
  requests: {
    lines: [
      ['requests', 'peaks'],
      ['requests', 'means'],
    ],
    write: format.number,
  },
  connections: {
    lines: [
      ['waiting', 'peaks'],
      ['connections', 'means'],
    ],
    write: format.number,
  },
  utilization: {
    lines: [
      ['busiest', 'peaks'],
      ['utilization', 'means'],
    ],
    write: format.percent,
    most: 1,
  },
  delay: {
    lines: [
      ['slowest', 'peaks'],
      ['delay', 'means'],
    ],
    write: format.milliseconds,
  },
  memory: {
    lines: [
      ['otherMemory', 'means'],
      ['workerMemory', 'means'],
    ],
    write: format.bytes,
    steps: Array.from({ length: 30 }, (_, power) => 2 ** (power + 10)),
  },
  messages: {
    lines: [
      ['messages', 'peaks'],
      ['messages', 'means'],
    ],
    write: format.number,
  },
};

const MAIN = 1;

/** How each mark is drawn, for those who see no colours too. */
const DASHES = {
  reload: [],
  reloaded: [6, 3],
  failed: [6, 3],
  exit: [1, 3],
  crash: [],
  scale: [10, 4],
  hang: [4, 2],
  trouble: [2, 2],
};

const HEIGHT = 140;

/** At least so many seconds are shown. */
const SHORTEST = 60;

class Charts {
  #place;
  #plots = new Map();
  #marks = [];
  #texts;
  #clock;
  #resized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      this.#plots.get(target.dataset.chart)?.plot.setSize({ width: Math.floor(contentRect.width), height: HEIGHT });
    }
  });

  constructor(place) {
    this.#place = place;
  }

  /** Makes all plots anew, in this language and the colours of now. */
  build(texts, language) {
    this.#resized.disconnect();
    for (const { plot } of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    this.#place.replaceChildren();
    this.#texts = texts;
    const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
    this.#clock = {
      short: new Intl.DateTimeFormat(language, clock),
      long: new Intl.DateTimeFormat(language, { ...clock, second: '2-digit' }),
    };
    for (const name of Object.keys(CHARTS)) this.#add(name);
  }

  #add(name) {
    const { lines, write, most, steps } = CHARTS[name];
    const [title, ...labels] = this.#texts.charts[name];
    const figure = document.createElement('figure');
    const caption = figure.appendChild(document.createElement('figcaption'));
    const box = figure.appendChild(document.createElement('div'));
    caption.textContent = title;
    box.dataset.chart = name;
    box.setAttribute('role', 'img');
    this.#place.append(figure);
    const color = colors();
    const axis = { stroke: color('--muted'), grid: { stroke: color('--grid'), width: 1 }, ticks: { show: false } };
    const strokes = [color('--line-2'), color('--line-1')];
    const options = {
      width: Math.max(1, Math.floor(box.clientWidth)),
      height: HEIGHT,
      cursor: { sync: { key: 'time' }, drag: { x: false, y: false }, points: { size: 5 } },
      scales: { y: { range: (_, __, largest) => [0, Math.max(most ?? 0, largest ?? 0) * 1.05 || 1] } },
      axes: [
        { ...axis, size: 28, space: 70, values: (_, times) => times.map((time) => this.#time(time, times)) },
        { ...axis, size: 64, space: 28, incrs: steps, values: (_, values) => values.map(write) },
      ],
      series: [
        {
          label: this.#texts.time,
          value: (_, time) => (time === null ? format.NONE : this.#clock.long.format(time * 1000)),
        },
        ...labels.map((label, index) => ({
          label,
          stroke: strokes[index],
          width: index === MAIN ? 2 : 1,
          fill: index === MAIN ? color('--fill') : undefined,
          points: { show: false },
          value: (_, value) => write(value),
        })),
      ],
      hooks: { draw: [(plot) => drawMarks(plot, this.#marks, color)] },
    };
    const plot = new uPlot(options, [[], ...lines.map(() => [])], box);
    this.#plots.set(name, { plot, box });
    this.#resized.observe(box);
  }

  #time(time, times) {
    const isClose = times.length > 1 && times[1] - times[0] < 60;
    return (isClose ? this.#clock.long : this.#clock.short).format(time * 1000);
  }

  /** Shows the last `range` seconds, or as many as there are. */
  show(columns, marks, range) {
    const { times } = columns;
    if (times.length === 0) return;
    const last = times.at(-1);
    const min = Math.min(last - SHORTEST, Math.max(last - range, times[0]));
    this.#marks = marks.filter(({ time }) => time >= min);
    const counted = this.#counted();
    for (const [name, { plot, box }] of this.#plots) {
      const { lines, write } = CHARTS[name];
      const values = lines.map(([value, field]) => columns[field][value]);
      plot.batch(() => {
        plot.setData([times, ...values], false);
        plot.setScale('x', { min, max: last });
        // Where nobody points.
        if (!(plot.cursor.left >= 0)) plot.setLegend({ idx: times.length - 1 });
      });
      const [title, ...labels] = this.#texts.charts[name];
      const now = values.map((column, index) => `${labels[index]} ${write(column.at(-1))}`).join(', ');
      box.setAttribute('aria-label', [title, this.#texts.now(now), ...counted].join('; '));
    }
  }

  #counted() {
    const counts = new Map();
    for (const { kind, count } of this.#marks) counts.set(kind, (counts.get(kind) ?? 0) + count);
    return [...counts].map(([kind, count]) => `${this.#texts.marks[kind]}: ${count}`);
  }
}

function colors() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}

function drawMarks(plot, marks, color) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { time, kind } of marks) {
    const x = Math.round(plot.valToPos(time, 'x', true)) + 0.5;
    ctx.strokeStyle = color(`--mark-${kind}`);
    ctx.lineWidth = (kind === 'crash' ? 2 : 1) * scale;
    ctx.setLineDash((DASHES[kind] ?? []).map((length) => length * scale));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

module.exports = { Charts };
