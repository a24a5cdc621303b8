'use strict';

// What `@yunflyjs/yunfly-cluster` exports, for who loads it by a path of its own. It is in the package itself as well.

module.exports = require('./index');
