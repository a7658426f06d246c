import assert from 'node:assert/strict';
import { open } from './browser.mjs';

/** The first example runs as it is. */
export async function playgroundQueries(browser, shoot) {
  const { page, faults } = await openPlayground(browser);
  await run(page);
  await answered(page, /"id":\s*"demo"/);
  await shoot(page, 'playground-query');
  assert.ok(await page.getByRole('link', { name: 'Shopfloor' }).isVisible());
  assert.ok(page.workers().length > 0, 'Monaco has its workers');
  assert.deepEqual(faults, []);
}

/** Every query and mutation among the examples runs as it is. */
export async function playgroundExamplesRun(browser) {
  const { page } = await openPlayground(browser);
  const stored = await page.waitForFunction(() => localStorage.getItem('graphiql:tabState')); // written some time after the page is there
  const { tabs } = JSON.parse(await stored.jsonValue());
  const typed = await plantTypes(page);
  for (const { query } of tabs) {
    if (query.includes('query PlantTypes') && !typed) continue;
    for (const [, operationName] of query.matchAll(/^(?:query|mutation) (\w+)/gm)) {
      const response = await page.request.post('/graphql', { data: { query, operationName } });
      const { data, errors } = await response.json();
      assert.equal(errors, undefined, `${operationName}: ${JSON.stringify(errors)}`);
      assert.ok(Object.values(data).every((v) => v !== null), `${operationName} answers ${JSON.stringify(data)}`);
    }
  }
}

/** A subscription delivers again and again, and its values change. */
export async function playgroundSubscribes(browser, shoot) {
  const { page, faults } = await openPlayground(browser);
  await tab(page, 'SubscribeValues').click();
  await page.waitForTimeout(500); // GraphiQL takes the operation's name from the text after a short rest
  await run(page);
  const first = await answered(page, /"sequence":\s*"(\d+)"/);
  const value = await answered(page, /"value":\s*(-?[\d.]+)/);
  const later = await answered(page, /"sequence":\s*"(\d+)"/, (found) => Number(found) > Number(first) + 2);
  await answered(page, /"value":\s*(-?[\d.]+)/, (found) => found !== value);
  assert.ok(Number(later) > Number(first));
  await shoot(page, 'playground-subscription');
  assert.deepEqual(faults, []);
}

/** Every example is a tab. */
export async function playgroundHasExamples(browser, shoot) {
  const { page } = await openPlayground(browser, { colorScheme: 'dark' });
  const names = ['Servers', 'PlantTypes', 'Search', 'Browse', 'ReadValues', 'WriteSetPoint', 'CallMethod', 'SubscribeValues', 'Telemetry', 'History', 'ServerHistory', 'TextHistory', 'Publish', 'NewestEvents', 'AddServer'];
  for (const name of names) await tab(page, name).waitFor();
  await page.waitForTimeout(Number(process.env.SETTLE ?? 0));
  await shoot(page, 'playground-dark');
}

/** The types of the demo plant's server are in the schema some seconds after the start; the stand-in never has them. */
async function plantTypes(page) {
  for (let tries = 0; ; tries++) {
    const query = '{ platform { version } __type(name: "ShopfloorDemoPlant_BoilerType") { name } }';
    const response = await page.request.post('/graphql', { data: { query } });
    const { data } = await response.json();
    if (data.__type || data.platform.version === 'mock') return data.__type !== null;
    assert.ok(tries < 300, 'the types of the demo plant are in the schema');
    await page.waitForTimeout(200);
  }
}

async function openPlayground(browser, options) {
  const session = await open(browser, '/playground', options);
  await session.page.locator('.graphiql-query-editor .view-line').first().waitFor();
  return session;
}

function tab(page, name) {
  return page.getByRole('tablist').getByText(name, { exact: true });
}

async function run(page) {
  await page.getByRole('button', { name: /execute query/i }).click();
}

/** Waits until the pattern's first group, or all of the match, is in the response and accepted; returns it. */
async function answered(page, pattern, accept = () => true) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const text = (await page.locator('.result-window').textContent()).replaceAll('\u00a0', ' ');
    const match = pattern.exec(text);
    const found = match?.[1] ?? match?.[0];
    if (found && accept(found)) return found;
    assert.ok(Date.now() < deadline, `no ${pattern} in the response: ${text.slice(0, 500)}`);
    await page.waitForTimeout(100);
  }
}
