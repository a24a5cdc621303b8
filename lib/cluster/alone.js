'use strict';

const { ClusterChild } = require('./child');

class ClusterAlone extends ClusterChild {
  constructor(master, codec, event, profile) {
    super(master, codec, 'alone', event, profile);
  }
}

module.exports = { ClusterAlone };
