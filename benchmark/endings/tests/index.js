'use strict';

// Each: `run(peer, options)` resolves with values, `rows` show them; falsy where the peer has no such thing. `isIdle`: the peers
// don't disturb each other, and are measured at the same time.

module.exports = [
  require('./handler'),
  require('./exit-at-once'),
  require('./hooks'),
  require('./stdout'),
  require('./background'),
  require('./crash'),
  require('./storm'),
  require('./sockets'),
];
