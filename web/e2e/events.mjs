import assert from 'node:assert/strict';
import { accessibilityFaults, open } from './browser.mjs';

// Checks of the section of events. They need the stand-in, which has some: the demo plant has no alarms.

/** The newest events stand first, urgent ones stand out, and one that comes is there without a reload. */
export async function eventsAreShownAsTheyCome(browser, shoot) {
  for (const colorScheme of ['light', 'dark']) {
    const { page, faults, context } = await open(browser, '/', { colorScheme });
    await page.locator('[data-event="event-1"]').waitFor();
    const rows = page.locator('[data-event]');
    await page.locator('[data-event="event-live"]').waitFor();
    assert.deepEqual(await rows.evaluateAll((list) => list.map((e) => e.dataset.event)), ['event-live', 'event-1', 'event-2', 'event-3', 'event-4']);
    assert.match(await rows.nth(1).textContent(), /Severity 900Temperature of Boiler1 is above 110 °CBoiler1 · Exclusive Level Alarm · demo/);
    assert.deepEqual(await rows.evaluateAll((list) => list.map((e) => e.className)), ['high', 'high', 'medium', 'low', 'low']);
    assert.match(await rows.nth(4).textContent(), /PackagingLine1 · nsu=urn:acme;i=7 · demo/);
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.locator('#events').scrollIntoViewIfNeeded();
    await shoot(page, `events-${colorScheme}`);
    assert.deepEqual(faults, []);
    await context.close();
  }
}

/** None yet, and none known. */
export async function eventsAreEmptyOrUnknown(browser, shoot) {
  const session = await open(browser, '/favicon.svg');
  session.tamper = answeringEvents({ data: { events: { edges: [] } } });
  const { page } = session;
  await page.goto(new URL('/', page.url()).href);
  await page.getByText('No event was stored yet.', { exact: false }).waitFor();
  await page.locator('#events').scrollIntoViewIfNeeded();
  await shoot(page, 'events-empty');
  await page.locator('[data-event="event-live"]').waitFor();
  assert.equal(await page.getByText('No event was stored yet.', { exact: false }).count(), 0);

  session.tamper = answeringEvents({ data: null, errors: [{ message: 'list events: the bus is away', extensions: { code: 'UNAVAILABLE' } }] });
  await page.reload();
  await page.getByText('The events are not known: list events: the bus is away').waitFor();
}

function answeringEvents(answer) {
  return (route) => (route.request().postData()?.includes('query NewestEvents') ? route.fulfill({ json: answer }) : route.continue());
}
