'use strict';
// `npm run test:page`: the page of the admin address in a browser (Debian's package `chromium`, which `npm test` must not need). A reload,
// a crash and a scale are seen on it, and nothing of what a cluster tells is taken for HTML.

const assert = require('node:assert/strict');
const { crash, portOf, request, startWatched } = require('./page/cluster');
const { launch, open } = require('./page/browser');

const TITLE = '<script>window.injected = true</script><img src=x onerror="window.injected = true">';
const MESSAGE = '</pre><img src=x onerror="window.injected = true"> is null';
const PATIENCE = 60_000;

const seen = (page, selector, text) =>
  page.locator(selector, { hasText: text }).first().waitFor({ state: 'attached', timeout: PATIENCE });

const told = (page, chart, text) =>
  page.locator(`[data-chart=${chart}][aria-label*="${text}"]`).waitFor({ state: 'attached', timeout: PATIENCE });

const textOf = (page, selector) => page.locator(selector).textContent();

/** What the page is laid out as: nothing of it is wider than the window. */
async function fits(page) {
  const widths = () => [document.documentElement.scrollWidth, document.documentElement.clientWidth];
  return page.evaluate(widths);
}

async function happenings(cluster, page) {
  await seen(page, '#status', 'Live');
  assert.equal(await textOf(page, '#title'), TITLE);
  await cluster.reload();
  await seen(page, '#events li', 'reload began');
  await seen(page, '#events li', 'reload done: 2 replaced');
  crash(cluster, 1, MESSAGE);
  await seen(page, '#errors summary', MESSAGE);
  const stack = await textOf(page, '#errors pre');
  assert.match(stack, /^Error: <\/pre><img.+ is null\n +at .+control\.js:\d+/s);
  assert.ok(await page.locator('#errors pre').first().isVisible(), 'the newest stack is shown');
  await seen(page, '#events li.crash', 'worker 1');
  await cluster.scale(3);
  await seen(page, '#events li', 'scaled from 2 to 3');
  for (let i = 0; i < 50; i += 1) await request(portOf(cluster));
  for (const mark of ['reload: 1', 'reload done: 1', 'exit: 2', 'unexpected exit: 1', 'scale: 1']) {
    await told(page, 'requests', mark);
  }
  await seen(page, '#summary', '3 listening');
}

/** The table has a row for each process, with what the processes tell of themselves. */
async function processes(page) {
  const cells = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('#processes tr')].map((row) => [...row.cells].map((cell) => cell.textContent)),
    );
  await page.waitForFunction(
    () =>
      ![...document.querySelectorAll('#processes tbody tr')]
        .slice(1)
        .some(({ cells: [, ...rest] }) => rest[8].textContent === '–'),
    undefined,
    { timeout: PATIENCE },
  );
  const [head, ...rows] = await cells();
  assert.deepEqual(head.slice(0, 6), ['Role', 'Slot', 'PID', 'State', 'Uptime', 'Restarts']);
  assert.deepEqual(
    rows.map(([role, slot, , state, , restarts]) => [role, slot, state, restarts]),
    [
      ['app', '–', 'running', '–'],
      ['alone', '–', 'ready', '0'],
      ['worker', '1', 'listening', '1'],
      ['worker', '2', 'listening', '0'],
      ['worker', '3', 'listening', '0'],
    ],
  );
}

async function languages(browser, address, page) {
  await page.locator('#language').selectOption('zh');
  await seen(page, 'h2', '最近的错误');
  await seen(page, '#events li', 'worker 数从 2 改为 3');
  await told(page, 'requests', '意外退出: 1');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
  const chinese = await open(browser, address, { locale: 'zh-CN' });
  await seen(chinese.page, '#status', '实时');
  return [chinese];
}

async function looks(browser, address) {
  const opened = [];
  const backgrounds = new Set();
  for (const colorScheme of ['light', 'dark']) {
    for (const locale of ['en', 'zh-CN']) {
      const viewport = { width: 360, height: 740 };
      const phone = await open(browser, address, { colorScheme, locale, viewport, isMobile: true });
      await phone.page.locator('#processes tbody tr').nth(4).waitFor({ timeout: PATIENCE });
      await phone.page.locator('[data-chart=messages][aria-label]').waitFor({ timeout: PATIENCE });
      assert.deepEqual(
        await fits(phone.page),
        [360, 360],
        `${colorScheme}, ${locale}: the body does not scroll sideways`,
      );
      backgrounds.add(await phone.page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      opened.push(phone);
    }
  }
  assert.equal(backgrounds.size, 2, 'light and dark');
  return opened;
}

async function main() {
  let cluster = await startWatched({ title: TITLE });
  const { port } = cluster.adminAddress;
  const address = `http://127.0.0.1:${port}/`;
  const browser = await launch();
  try {
    const first = await open(browser, address);
    await happenings(cluster, first.page);
    await processes(first.page);
    const all = [first, ...(await languages(browser, address, first.page)), ...(await looks(browser, address))];
    for (const { page, said, asked } of all) {
      assert.deepEqual(said, []);
      assert.equal(await page.evaluate(() => window.injected), undefined);
      for (const url of asked) assert.ok(url.startsWith(address) || url === 'data:,', `asked for ${url}`);
    }
    for (const { page } of all.slice(1)) await page.close();
    // The app is started again: the page is there, says so, and goes on.
    const { page } = first;
    await page.locator('#language').selectOption('en');
    await cluster.close();
    await seen(page, '#status', 'Not reachable');
    cluster = await startWatched({ title: 'again', admin: port, count: 1 });
    await seen(page, '#status', 'Live');
    await seen(page, '#title', 'again');
    await seen(page, '#events li', 'all processes are ready');
    await seen(page, '#summary', '1 listening');
    assert.equal(await page.evaluate(() => window.injected), undefined);
    console.log(`${browser.version()}: the page shows a reload, a crash and a scale, and comes back with the app`);
  } finally {
    await browser.close();
    await cluster.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
