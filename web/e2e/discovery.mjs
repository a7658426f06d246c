import assert from 'node:assert/strict';
import { accessibilityFaults, open } from './browser.mjs';

// Checks of the section that finds servers. They need the stand-in: a real discovery finds what is really there.

/** A discovery is started, followed and, when it has ended, shown with what it found; one found server is added and trusted. */
export async function discoveryFindsAndAdds(browser, shoot) {
  const { page, faults } = await openDiscovery(browser);
  await page.locator('[data-application="scale"]').waitFor();
  assert.match(await page.locator('[data-application="scale"]').textContent(), /Not seen for 30 h/);
  assert.match(await page.locator('[data-schedule="hall-3"]').textContent(), /again 1\s?d after each.*10\.30\.0\.0\/24/);

  await page.getByLabel('Addresses').fill('10.20.0.0/24');
  await page.getByLabel('Ports').fill('4840-4850; 48010');
  await page.getByRole('button', { name: 'Start discovery' }).click();
  const run = page.locator('.run');
  await run.getByRole('status').getByText('Looking for open ports').waitFor();
  await run.getByText('10.20.0.0/24 · ports 4840-4850; 48010', { exact: false }).waitFor();
  await shootSection(page, shoot, 'discovery-running');
  await run.waitFor({ state: 'detached' });
  await page.locator('.past li').first().getByText('4 addresses answered, 4 applications').waitFor();

  const mixer = page.locator('[data-application="mixer"]');
  await mixer.getByText('4 endpoints').click();
  await mixer.getByText('None: not protected').waitFor();
  assert.deepEqual(await mixer.locator('.endpoints li p:first-of-type').allTextContents(), [
    'Sign and encrypt · Aes256_Sha256_RsaPss', 'Sign and encrypt · Basic256Sha256', 'Sign · Basic256Sha256', 'None: not protected',
  ]);
  assert.equal(await page.locator('[data-application="lds"]').getByRole('button').count(), 0, 'nothing to add without an endpoint');
  await shootSection(page, shoot, 'discovery-found');

  await mixer.getByRole('button', { name: 'Add: Mixer 2, Sign and encrypt · Basic256Sha256' }).click();
  await mixer.getByText('Refused', { exact: true }).waitFor();
  await mixer.getByRole('button', { name: 'Trust this certificate' }).click();
  assert.deepEqual(await accessibilityFaults(page), []);
  await shootSection(page, shoot, 'discovery-added');
  await page.setViewportSize({ width: 375, height: 900 });
  const outside = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(outside, 0, 'pixels outside of a phone');
  await shootSection(page, shoot, 'discovery-375');
  await page.setViewportSize({ width: 1440, height: 900 });
  await mixer.getByRole('button', { name: 'They are the same: trust Mixer 2' }).click();
  await mixer.getByText('Connected', { exact: true }).waitFor();
  await page.locator('#server-mixer-2').getByText('Connected', { exact: true }).waitFor();
  assert.equal(await mixer.getByRole('button', { name: 'Add', exact: false }).count(), 0, 'it is added once');
  assert.deepEqual(faults, []);
}

/** Everything is done with the keyboard: start, see what is refused, cancel. */
export async function discoveryByKeyboard(browser) {
  const { page, faults } = await openDiscovery(browser);
  await page.getByLabel('Addresses').focus();
  await page.keyboard.type('everywhere');
  await page.keyboard.press('Enter');
  const addresses = page.locator('.field', { has: page.getByLabel('Addresses') });
  await addresses.getByRole('alert').getByText('"everywhere" is no range of addresses').waitFor();
  assert.ok(await page.getByLabel('Addresses').evaluate((e) => e === document.activeElement), 'the wrong field has the focus');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('10.20.1.0/24');
  await page.keyboard.press('Enter');
  const cancel = page.locator('.run').getByRole('button', { name: 'Cancel' });
  await cancel.focus();
  await page.keyboard.press('Space');
  await page.locator('.past li').first().getByText('Cancelled').waitFor();
  await page.locator('.run').waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
}

/** With the mode Off something has to be named; a server that lets nobody in without a user asks who. */
export async function discoveryAsks(browser, shoot) {
  const { page, faults } = await openDiscovery(browser);
  await page.getByLabel('Where').selectOption('OFF');
  await page.getByRole('button', { name: 'Start discovery' }).click();
  await page.getByRole('alert').getByText('name the servers to ask', { exact: false }).waitFor();
  await page.getByLabel('Servers to ask').fill('opc.tcp://10.20.0.34:48010');
  await page.getByRole('button', { name: 'Start discovery' }).click();
  await page.locator('.run').waitFor();
  await page.locator('.run').waitFor({ state: 'detached' });
  await page.locator('[data-application="robot"]').getByRole('button', { name: 'Add with a user…' }).first().click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByLabel('Endpoint').inputValue(), 'opc.tcp://10.20.0.34:48010');
  assert.equal(await dialog.getByLabel('Name').inputValue(), 'Robot cell 7');
  assert.equal(await dialog.getByLabel('Security').inputValue(), 'SIGN_AND_ENCRYPT');
  assert.deepEqual(await accessibilityFaults(page), []);
  await shoot(page, 'discovery-user');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
}

/** Schedules are set and ended. */
export async function discoverySchedules(browser) {
  const { page, faults } = await openDiscovery(browser);
  await page.getByLabel('Gateway that looks').selectOption('local');
  await page.getByLabel('How often').selectOption('6h');
  await page.getByRole('button', { name: 'Start schedule' }).click();
  const schedule = page.locator('[data-schedule="local"]');
  await schedule.getByText('Fast', { exact: true }).waitFor();
  assert.match(await schedule.textContent(), /again 6\s?h after each/);
  await schedule.getByRole('button', { name: 'End the schedule of local' }).click();
  await schedule.waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
}

/** Nothing yet, filters without a match, a platform that does not serve discoveries, no gateway: each is said. */
export async function discoveryIsEmpty(browser, shoot) {
  const session = await open(browser, '/favicon.svg');
  const none = { totalCount: 0, edges: [] };
  const answers = (discoveries) => (route) => {
    const query = route.request().postData() ?? '';
    if (query.includes('query Discoveries')) return route.fulfill({ json: discoveries });
    return query.includes('query FoundApplications') ? route.fulfill({ json: { data: { applications: none } } }) : route.continue();
  };
  const gateway = { id: 'local', link: { local: true, connected: true }, discoverySchedule: null };
  const { page, faults } = session;
  session.tamper = answers({ data: { gateways: { edges: [{ node: gateway }] }, discoveries: none } });
  await page.goto(new URL('/#discovery', page.url()).href);
  await page.getByText('Nothing was found yet. Start a discovery').waitFor();
  await page.getByText('No gateway looks for servers by itself.', { exact: false }).waitFor();
  await page.getByLabel('Filter found applications').fill('xyz');
  await page.getByText('None of them has “xyz”', { exact: false }).waitFor();
  await shootSection(page, shoot, 'discovery-empty');

  session.tamper = answers({ data: { gateways: none, discoveries: none } });
  await page.reload();
  await page.getByText('No gateway is there yet that could look.', { exact: false }).waitFor();

  session.tamper = answers({ data: null, errors: [{ message: 'this process does not serve discoveries', extensions: { code: 'UNAVAILABLE' } }] });
  await page.reload();
  await page.getByText('The discoveries are not known: this process does not serve discoveries').waitFor();
  assert.deepEqual(faults, []);
}

async function openDiscovery(browser, options) {
  const session = await open(browser, '/', options);
  await session.page.getByRole('link', { name: 'Find servers' }).first().click();
  await session.page.getByRole('button', { name: 'Start discovery' }).waitFor();
  return session;
}

async function shootSection(page, shoot, name) {
  await page.locator('#discovery').scrollIntoViewIfNeeded();
  await page.evaluate(() => document.querySelector('#discovery').scrollIntoView());
  await shoot(page, name);
}
