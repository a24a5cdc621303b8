'use strict';

// yunfly's own cluster package, as its framework calls it (`@yunflyjs/yunfly-core`, script/index), on this package's cluster.

const { YunflyMaster } = require('./master');

function startYunfly(options, callback) {
  return new YunflyMaster(options).ready(callback);
}

module.exports = { startYunfly };
