'use strict';
// Debian's chromium, without a window, by playwright-core: it downloads nothing.

const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

function executable() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const files = process.env.PATH.split(path.delimiter).flatMap((folder) =>
    names.map((name) => path.join(folder, name)),
  );
  const found = files.find((file) => fs.existsSync(file));
  if (!found) throw new Error("There is no chromium on PATH. It is in Debian's package chromium.");
  return found;
}

function launch() {
  // Root has no sandbox.
  return chromium.launch({ executablePath: executable(), chromiumSandbox: process.getuid() !== 0 });
}

/** A page of its own; `said` collects every error of its console and script, which a refused resource is too. */
async function open(browser, address, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(address);
  return { page, said, asked };
}

module.exports = { launch, open };
