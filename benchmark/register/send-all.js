'use strict';

/** Sends `count` messages, with no more than a few under way: each is followed by another when it was taken. */
function sendAll(send, count, size) {
  const data = 'x'.repeat(size);
  let left = count;
  const next = () => {
    if (left === 0) return;
    left -= 1;
    send({ data }, next);
  };
  for (let i = 0; i < 64; i += 1) next();
}

module.exports = { sendAll };
