'use strict';
// The rooms of lib/ use each other one way only: no room, by whatever detour, itself. (Within a room files may know each other.)

const fs = require('node:fs');
const path = require('node:path');

const lib = path.join(__dirname, '../../lib');

/** What a path in lib/ is part of: its folder, or itself where it stands beside the rooms. Undefined for what is not in lib/. */
function roomOf(file) {
  const [room] = path.relative(lib, file).split(path.sep);
  return room === '..' ? undefined : path.basename(room, '.js');
}

function uses(file, text) {
  return [...text.matchAll(/require\('(\.[^']+)'\)/g)].map(([, wanted]) =>
    roomOf(path.resolve(path.dirname(file), wanted)),
  );
}

/** Room by room, which others it uses: `[[room, Set of rooms], …]`. */
function graph(files) {
  const rooms = new Map();
  for (const [file, text] of files) {
    const room = roomOf(file);
    if (!rooms.has(room)) rooms.set(room, new Set());
    for (const used of uses(file, text)) if (used !== undefined && used !== room) rooms.get(room).add(used);
  }
  return rooms;
}

/** Takes away, again and again, what uses nothing that is left: a ring remains. */
function ring(rooms) {
  const left = new Map(rooms);
  for (;;) {
    const free = [...left].filter(([, used]) => ![...used].some((room) => left.has(room)));
    if (free.length === 0) return [...left.keys()].sort();
    for (const [room] of free) left.delete(room);
  }
}

const names = fs.readdirSync(lib, { recursive: true }).filter((name) => name.endsWith('.js'));
const files = names.map((name) => [path.join(lib, name), fs.readFileSync(path.join(lib, name), 'utf8')]);

test('no ring of rooms', () => {
  const rooms = graph(files);
  expect(rooms.size).toBeGreaterThan(8);
  expect(ring(rooms)).toEqual([]);
});

test('a ring is seen', () => {
  const back = [path.join(lib, 'output/back.js'), "require('../cluster/cluster');"];
  expect(ring(graph([...files, back]))).toEqual(expect.arrayContaining(['cluster', 'output']));
});
