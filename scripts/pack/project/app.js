'use strict';

require('./run').run(require('@yunflyjs/cluster-native'));
