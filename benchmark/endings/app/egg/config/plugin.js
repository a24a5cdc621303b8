'use strict';

// It makes a folder for what it serves.
module.exports = { static: false };
