'use strict';

// A test: { name (what --tests chooses by), title, note?, run, section, targets }. `run({ reloads, …, progress })` resolves
// with what was found; of that `section` makes Markdown, and `targets` { what, limit, measured (null: not), isReached }.

module.exports = ['rolling', 'idle', 'broken', 'activation', 'standby', 'random', 'boot'].map((file) =>
  require(`./${file}`),
);
