'use strict';
// Runs once, and the workers wait for it.

const { Client } = require('pg');

module.exports = async function tables() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS visits (id serial PRIMARY KEY, path text NOT NULL, pid int NOT NULL)');
  await client.end();
};
