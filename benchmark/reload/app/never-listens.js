'use strict';

// Alive, but without a server.
setInterval(() => {}, 2 ** 30);
