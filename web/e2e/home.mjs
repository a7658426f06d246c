import assert from 'node:assert/strict';
import { accessibilityFaults, open } from './browser.mjs';

const demo = '[data-server="demo"]';
const temperature = 'tr[data-series]:has(th[title="Objects/Plant/Boiler1/Temperature"]) .number';

/** The demo server is connected and its values move. */
export async function homeIsLive(browser, shoot) {
  const { page, faults } = await open(browser, '/');
  await page.locator(demo).getByText('Connected', { exact: true }).waitFor();
  await changes(page, temperature);
  await page.waitForTimeout(Number(process.env.SETTLE ?? 0)); // for screenshots with full trends
  await shoot(page, 'home-light');
  assert.deepEqual(faults, []);
}

/** No serious fault for people who use it without a mouse or with bad sight. */
export async function homeIsAccessible(browser, shoot) {
  for (const colorScheme of ['light', 'dark']) {
    const { page, context } = await open(browser, '/', { colorScheme });
    await page.locator(temperature).waitFor();
    await page.waitForTimeout(Number(process.env.SETTLE ?? 0));
    await shoot(page, `home-${colorScheme}-axe`);
    assert.deepEqual(await accessibilityFaults(page), [], colorScheme);
    await page.getByRole('button', { name: 'Add server' }).click();
    assert.deepEqual(await accessibilityFaults(page), [], `${colorScheme}, form`);
    await shoot(page, `form-${colorScheme}`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await context.close();
  }
}

/** From a phone to a wall display: no sideways scrolling, and nothing sticks out of its card. */
export async function homeFitsScreens(browser, shoot) {
  const { page } = await open(browser, '/');
  for (const width of [375, 768, 1024, 1440, 1920, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    await page.locator(temperature).waitFor();
    await shoot(page, `home-${width}`);
    const outside = await page.evaluate(() => {
      const pixels = (element) => element.scrollWidth - element.clientWidth;
      return [document.documentElement, ...document.querySelectorAll('.card')].map(pixels).filter((n) => n > 0);
    });
    assert.deepEqual(outside, [], `pixels outside at a width of ${width}`);
  }
}

/** The filter leaves only series with the text in their path, and says when there is none. */
export async function homeFilters(browser) {
  const { page, faults } = await open(browser, '/');
  await page.locator(temperature).waitFor();
  const filter = page.getByRole('searchbox', { name: 'Filter live values by path' });
  await filter.fill('energymeter1');
  await page.locator(temperature).waitFor({ state: 'detached' });
  await page.locator('tr[data-series] th[title$="EnergyMeter1/ActivePower"]').first().waitFor();
  await filter.fill('no such (path');
  await page.getByText('No series has “no such (path” in its path.').waitFor();
  assert.deepEqual(faults, []);
}

/** When the platform goes away the page says so, keeps what it knows, and comes back by itself. */
export async function homeReconnects(browser, shoot) {
  const session = await open(browser, '/');
  const { page } = session;
  await page.locator(demo).waitFor();
  session.tamper = (route) => route.abort('connectionrefused');
  await page.getByRole('alert').filter({ hasText: 'No connection to Shopfloor' }).waitFor();
  assert.ok(await page.locator(demo).isVisible(), 'the last known state stays');
  await shoot(page, 'home-offline');
  session.tamper = undefined;
  await page.getByText('No connection to Shopfloor').waitFor({ state: 'detached' });
}

/** Without servers the page offers the form; problems stand beside their field. */
export async function homeIsEmpty(browser, shoot) {
  const session = await open(browser, '/favicon.svg'); // any file, to set the tampering before the home page asks
  session.tamper = overviewWith((data) => {
    data.servers = { totalCount: 0, edges: [] };
  });
  const { page } = session;
  await page.goto(new URL('/', page.url()).href);
  await page.getByText('No servers yet: add one').waitFor();
  await page.getByRole('button', { name: 'Add server' }).click();
  const endpoint = page.getByLabel('Endpoint');
  assert.equal(await endpoint.getAttribute('aria-invalid'), 'true');
  assert.ok(await endpoint.evaluate((e) => e === document.activeElement), 'the first wrong field has the focus');
  await shoot(page, 'home-empty');

  await endpoint.fill('opc.tcp://10.0.0.5:4840');
  await page.getByLabel('Name').fill('Press 4');
  session.tamper = answering({ errors: [{ message: 'endpointUrl: is taken', extensions: { code: 'CONFLICT', field: 'endpointUrl' } }] });
  await page.getByRole('button', { name: 'Add server' }).click();
  await page.locator('.field', { has: endpoint }).getByText('endpointUrl: is taken').waitFor();
}

/** A certificate that is not trusted is shown, and trusted only after a second step. */
export async function homeTrustsCertificate(browser, shoot) {
  const thumbprint = '3fa19c0277d1b5e8aa40c69d1e7f2b90551c8e4d';
  const session = await open(browser, '/favicon.svg');
  const sent = [];
  const refused = overviewWith((data) => {
    const { node } = data.servers.edges.find((e) => e.node.id === 'demo');
    Object.assign(node, { securityMode: 'BEST', trustedThumbprints: [] });
    Object.assign(node.connection, { state: 'REFUSED', error: 'The certificate is not trusted.', thumbprint });
  });
  session.tamper = (route) => {
    const { query, variables } = route.request().postDataJSON();
    if (!query.includes('trustServerCertificate')) return refused(route);
    sent.push(variables);
    return route.fulfill({ json: { data: { trustServerCertificate: { id: 'demo' } } } });
  };
  const { page } = session;
  await page.goto(new URL('/', page.url()).href);
  const card = page.locator(demo);
  await card.getByText('3F:A1:9C:02:77').waitFor();
  await card.getByRole('button', { name: 'Trust this certificate' }).click();
  assert.deepEqual(sent, []);
  await shoot(page, 'home-certificate');
  await card.getByRole('button', { name: /They are the same/ }).click();
  await card.getByRole('status').getByText('Trusted.').waitFor();
  assert.deepEqual(sent, [{ server: 'demo', thumbprint }]);
}

/** What failed, why and what to do is one click away from the server. */
export async function homeShowsBadNodes(browser, shoot) {
  const session = await open(browser, '/favicon.svg');
  const node = {
    series: 'g/r/w/Boiler1.Pressure', field: 'Boiler1.Pressure', nodeId: 'nsu=urn:plant;s=Boiler1.Pressure', state: 'BAD', status: { name: 'BadNodeIdUnknown' },
    message: 'monitor nsu=urn:plant;s=Boiler1.Pressure: BadNodeIdUnknown', remedy: 'Compare it with the address space.', since: new Date().toISOString(),
  };
  const overview = overviewWith((data) => {
    data.servers.edges.find((e) => e.node.id === 'demo').node.connection.badItems = 21;
  });
  const badNodes = { data: { server: { badNodes: { totalCount: 21, edges: [{ node }] } } } };
  session.tamper = (route) => (route.request().postData()?.includes('query BadNodes') ? route.fulfill({ json: badNodes }) : overview(route));
  const { page, faults } = session;
  await page.goto(new URL('/', page.url()).href);
  const card = page.locator(demo);
  await card.getByText('The 21 nodes that need somebody').click();
  const row = card.locator('[data-node="Boiler1.Pressure"]');
  await row.getByText('BadNodeIdUnknown', { exact: false }).first().waitFor();
  assert.ok(await row.getByText('Compare it with the address space.').isVisible());
  assert.ok(await card.getByText('The first 20 of 21 are shown.').isVisible());
  assert.deepEqual(await accessibilityFaults(page), []);
  await shoot(page, 'home-bad-nodes');
  assert.deepEqual(faults, []);
}

/** Gateways elsewhere: whether they are there, what waits, and what does not run as it should. */
export async function homeShowsGateways(browser, shoot) {
  const now = new Date().toISOString();
  const gateway = (id, connected, dropped, outOfSync) => ({
    node: {
      id, version: '1.0', link: { local: false, connected, heard: now },
      buffer: { frames: '12', bytes: '2000000', maxBytes: '4000000000', oldest: now, dropped, forwardRate: 250 },
      configurationState: { revision: 3, inSync: outOfSync.length === 0, outOfSync },
    },
  });
  const reason = { writer: 'hall-4/line/default', server: 'line', reason: 'server is Reconnecting: nothing listens' };
  const answer = { gateways: { totalCount: 2, edges: [gateway('hall-3', true, '0', []), gateway('hall-4', false, '7', [reason])] } };
  const session = await open(browser, '/favicon.svg');
  session.tamper = (route) => (route.request().postData()?.includes('query Gateways') ? route.fulfill({ json: { data: answer } }) : route.continue());
  const { page, faults } = session;
  await page.goto(new URL('/', page.url()).href);
  const away = page.locator('[data-gateway="hall-4"]');
  await away.getByText('Away', { exact: true }).waitFor();
  assert.ok(await away.getByText('7 frames dropped').isVisible());
  assert.ok(await away.getByText('server is Reconnecting: nothing listens').isVisible());
  await page.locator('[data-gateway="hall-3"]').getByText('Buffer: 2 MB of 4 GB', { exact: false }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await shoot(page, 'home-gateways');
  assert.deepEqual(faults, []);
}

/** Alarms stand at the top with their remedy; limits have bars, refused frames their reasons. */
export async function homeShowsHealth(browser, shoot) {
  const session = await open(browser, '/favicon.svg');
  const since = new Date().toISOString();
  const limit = (id, current, state) => ({ id, name: `Limit ${id}`, current, limit: 1000, unit: 'BYTES', state, consequence: `Consequence of ${id}.` });
  const health = {
    alarms: [{ id: 'disk', severity: 'CRITICAL', since, message: 'The disk is full.', remedy: 'Make room on it.' }],
    limits: [limit('a', 10, 'FAR'), limit('b', 850, 'NEAR'), limit('c', 1000, 'REACHED')],
  };
  const node = { id: '7', time: since, reason: 'version 3.1 has no metadata', gateway: 'g', group: 'r', writer: 'w', contentType: 'application/opcua+uadp', size: 1234, sequence: '42', head: 'f10100', text: null };
  session.tamper = answeringHealth({ data: health }, { data: { deadLetters: { pageInfo: { hasNextPage: false }, edges: [{ node }] } } });
  const { page, faults } = session;
  await page.goto(new URL('/', page.url()).href);
  await page.getByRole('alert').filter({ hasText: 'The disk is full.' }).getByText('Make room on it.').waitFor();
  assert.match(await page.locator('[data-limit="b"]').textContent(), /850 B of 1 kB.*Near its limit/);
  assert.equal(await page.locator('[data-limit="c"] .part').getAttribute('width'), '100');
  assert.ok(await page.getByText('Consequence of c.').isVisible());
  const letter = page.locator('[data-letter="7"]');
  await letter.getByText('version 3.1 has no metadata').waitFor();
  await letter.getByText('Frame 42').click();
  await letter.getByText('f1 01 00').waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await shoot(page, 'home-health');
  assert.deepEqual(faults, []);

  session.tamper = answeringHealth({ data: { alarms: [], limits: [] } }, { data: { deadLetters: { pageInfo: { hasNextPage: false }, edges: [] } } });
  await page.reload();
  await page.getByText('No frame was refused.').waitFor();
  assert.equal(await page.getByRole('region', { name: 'Alarms' }).count(), 0);

  const unavailable = { data: null, errors: [{ message: 'limits: unavailable', extensions: { code: 'UNAVAILABLE' } }] };
  session.tamper = answeringHealth(unavailable, unavailable);
  await page.reload();
  await page.getByText('The limits are not known: limits: unavailable').waitFor();
  await page.locator(demo).waitFor();
}

async function changes(page, selector) {
  const text = () => page.locator(selector).textContent();
  const before = await text();
  await page.waitForFunction(([s, b]) => document.querySelector(s)?.textContent !== b, [selector, before]);
}

function overviewWith(change) {
  return async (route) => {
    if (!route.request().postData()?.includes('query Overview')) return route.continue();
    const response = await route.fetch();
    const json = await response.json();
    change(json.data);
    return route.fulfill({ response, json });
  };
}

function answeringHealth(health, letters) {
  return (route) => {
    const query = route.request().postData() ?? '';
    if (query.includes('query Health')) return route.fulfill({ json: health });
    return query.includes('query DeadLetters') ? route.fulfill({ json: letters }) : route.continue();
  };
}

function answering(answer) {
  return (route) => (route.request().postData()?.includes('mutation') ? route.fulfill({ json: answer }) : route.continue());
}
