'use strict';

const Koa = require('koa');
const version = require('./version');

const app = new Koa();
app.use((context) => {
  context.body = String(version);
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ name: 'ready', at: Date.now() }));
});
