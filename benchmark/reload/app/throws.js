'use strict';

throw new Error('version 2 throws at load');
