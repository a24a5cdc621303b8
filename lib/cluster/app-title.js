'use strict';

// What `ps` calls the app. What it is called already by somebody's choice stays: `process.title = …`, or `node --title=…`.

/** By the cluster that named it. */
let owner;
let former;

function take(cluster, title) {
  // Unset it is what the command line begins with (uv_setup_args, deps/uv/src/unix/proctitle.c).
  if (owner || process.title !== process.argv0) return;
  owner = { cluster, title: `${title}:app` };
  former = process.title;
  process.title = owner.title;
}

/** The process may go on without the cluster. */
function giveBack(cluster) {
  if (owner?.cluster !== cluster) return;
  // The system may have room for its beginning only.
  if (owner.title.startsWith(process.title)) process.title = former;
  owner = undefined;
}

module.exports = { take, giveBack };
