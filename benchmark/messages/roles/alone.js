'use strict';

require('./part')('alone', process);
