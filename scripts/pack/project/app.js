'use strict';

require('./run')(require('@yunflyjs/cluster-native'));
