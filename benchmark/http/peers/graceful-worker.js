'use strict';

const { graceful } = require('graceful-process');

graceful({ logLevel: 'error' });
require('../app/server');
