'use strict';

module.exports = { BODY: 'Hello, world\n' };
