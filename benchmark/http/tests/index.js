'use strict';

// A test: { name, group (what --tests chooses by), workers, title, note?, columns, starts?, worst?, run }. `run(subject,
// port, { seconds })` resolves with a value for each key; a round is one run with each peer, or the medians of `starts`
// runs. A column:
//   { key, label, digits, from, ratios, more }
//   from: what of the rounds is shown: 'median' (the default), 'total', 'worst' (all of the round with the largest `worst`)
//   ratios: its ratios to node:cluster are columns, too; more: { key, than }: the difference to another peer's key

module.exports = ['throughput', 'spread', 'stall', 'kills', 'footprint'].flatMap((file) => require(`./${file}`));
