'use strict';

// An app that takes a while to load: three frameworks.

const express = require('express');
require('fastify');
require('koa');

const { BODY } = require('../../http/app/body');

const app = express();
app.get('/', (_request, response) => response.type('text/plain').send(BODY));
app.get('/pid', (_request, response) => response.send(`${process.pid}\n`));
app.listen(Number(process.env.PORT), '127.0.0.1');
