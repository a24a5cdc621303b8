'use strict';
// `npm run docs:page`: makes docs/public/page.png, the page of the admin address while a shop is reloaded, crashes and is scaled. Needs
// chromium, as `npm run test:page` does.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { root } = require('./markdown');
const { launch, open } = require('../page/browser');
const { portOf, request, startWatched } = require('../page/cluster');

const picture = path.join(root, 'docs/public/page.png');
const LARGEST = 200_000;
/** The middle of a stack is about Node, and the paths are those of the reader's app. */
const folder = path.join(os.tmpdir(), 'shop');

const APP = `const http = require('node:http');

const prices = { tea: 3 };

function total(item) {
  return prices[item].toFixed(2);
}

http.createServer((request, response) => {
  process.send({ to: 'alone', from: 'worker', action: 'sold' });
  response.end(total(request.url.slice(1)));
}).listen(0);
`;

async function visit(port, { isOver, atOnce }) {
  const lane = async () => {
    while (!isOver()) {
      await request(port, '/tea').catch(() => {});
      await pause(20 + 30 * Math.random());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function draw() {
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'app.js'), APP);
  fs.writeFileSync(path.join(folder, 'alone.js'), 'process.on("message", () => {});\n');
  const files = { exec: path.join(folder, 'app.js'), alone: path.join(folder, 'alone.js') };
  const cluster = await startWatched({ ...files, cwd: folder, title: 'shop', count: 4, balance: 'round-robin' });
  const browser = await launch();
  let isOver = false;
  try {
    const { page } = await open(browser, `http://127.0.0.1:${cluster.adminAddress.port}/`, {
      viewport: { width: 1080, height: 900 },
    });
    const port = portOf(cluster);
    const visits = [visit(port, { isOver: () => isOver, atOnce: 20 })];
    await pause(15_000);
    await cluster.reload();
    visits.push(visit(port, { isOver: () => isOver, atOnce: 20 }));
    await pause(15_000);
    await request(port, '/coffee').catch(() => {});
    await pause(12_000);
    await cluster.scale(5);
    await pause(18_000);
    const { bottom } = await page.evaluate(() => document.getElementById('errors').getBoundingClientRect().toJSON());
    const clip = { x: 0, y: 0, width: 1080, height: Math.ceil(bottom) + 16 };
    await page.screenshot({ path: picture, fullPage: true, clip });
    isOver = true;
    await Promise.all(visits);
  } finally {
    await browser.close();
    await cluster.close();
    fs.rmSync(folder, { recursive: true });
  }
  const { size } = fs.statSync(picture);
  if (size > LARGEST) throw new Error(`The picture has ${size} bytes; at most ${LARGEST} are right for a README.`);
}

draw().catch((error) => {
  console.error(error);
  process.exit(1);
});
