'use strict';
// A worker: every visit is a row, before and after a query that takes a while (/slow).

const http = require('node:http');
const { Pool } = require('pg');

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
// Of an idle connection: the server has restarted, say. Uncaught, it would end this worker.
pool.on('error', (error) => console.error(error));

const visit = (path) => pool.query('INSERT INTO visits (path, pid) VALUES ($1, $2)', [path, process.pid]);

const server = http.createServer(async (request, response) => {
  try {
    await visit(request.url);
    if (request.url === '/slow') {
      await pool.query('SELECT pg_sleep(1)');
      await visit('/slow, at last');
    }
    const { rows } = await pool.query('SELECT count(*)::int AS visits FROM visits');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...rows[0], pid: process.pid }));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});

// Not before: the requests under way still need it.
process.on('yunfly:drain', ({ afterRequests }) => {
  afterRequests(() => pool.end());
});

server.listen(process.env.PORT ?? 3000);
