'use strict';

const { ClusterChild } = require('./child');

class ClusterAlone extends ClusterChild {
  constructor(master, codec, event) {
    super(master, codec, 'alone', event);
  }
}

module.exports = { ClusterAlone };
