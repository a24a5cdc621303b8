'use strict';

// What the app process needs after the start, read as long as its files are there: a deployment may remove the release that the
// app was started from, or replace the package, and a process without descriptors can read nothing.

// What they require comes with them.
require('./changes');
require('./child-failure');
require('./mirror');
require('./no-stats');
require('./orders');
require('./profiles');
require('./random-worker');
require('../config/loader');
require('../messages/handles');
require('../messages/messenger-here');
require('./messenger');
require('../messages/request');
require('./restart-loops');
require('./unheard');
require('../messages/sendmessage');
require('../messages/topic');
require('../messages/v8-text');
