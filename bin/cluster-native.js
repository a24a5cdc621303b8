#!/usr/bin/env node
'use strict';

require('../lib/cli/run').run(process.argv.slice(2));
