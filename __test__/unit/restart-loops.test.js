'use strict';

const { RestartLoops } = require('../../lib/cluster/restart-loops');

const SOON = 1000;

test('the same file again and again is told once', () => {
  const loops = new RestartLoops({ reloadDelay: 500 });
  const heard = Array.from({ length: 8 }, (_, i) => loops.heard(['a'], i * SOON));
  expect(heard).toEqual([undefined, undefined, undefined, 'a', undefined, undefined, undefined, undefined]);
});

test('several files, another file or a pause are no loop', () => {
  const loops = new RestartLoops({ reloadDelay: 500 });
  for (let i = 0; i < 8; i++) expect(loops.heard(['a', 'b'], i * SOON)).toBeUndefined();
  for (let i = 0; i < 8; i++) expect(loops.heard([i % 2 ? 'a' : 'b'], i * SOON)).toBeUndefined();
  for (let i = 0; i < 8; i++) expect(loops.heard(['a'], i * 6000)).toBeUndefined();
});
