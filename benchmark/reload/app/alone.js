'use strict';

// There must be one of it, never two.
setInterval(() => {}, 2 ** 30);
