// End-to-end checks of the UI against a platform with the demo plant: SHOPFLOOR_URL=http://127.0.0.1:8080 npm run e2e [check ...]
// CHROMIUM names the browser (/usr/bin/chromium), SHOTS a folder for screenshots.
import { mkdirSync } from 'node:fs';
import { base, launch } from './browser.mjs';
import * as discovery from './discovery.mjs';
import * as events from './events.mjs';
import * as home from './home.mjs';
import * as playground from './playground.mjs';

// What a discovery finds, and which events there are, is known of the stand-in alone.
const response = await fetch(`${base}/graphql`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"query":"{ platform { version } }"}' });
const { data } = await response.json();
const checks = { ...home, ...(data.platform.version === 'mock' ? { ...discovery, ...events } : {}), ...playground };
const wanted = process.argv.slice(2);
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

const browser = await launch();
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const begin = Date.now();
  try {
    await check(browser, (page, shot) => shots && page.screenshot({ path: `${shots}/${shot}.png` }));
    console.log(`ok    ${name} (${Date.now() - begin} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${error.stack}`);
    if (shots) await browser.contexts()[0]?.pages()[0]?.screenshot({ path: `${shots}/failed-${name}.png` });
  }
  for (const context of browser.contexts()) {
    await context.unrouteAll({ behavior: 'ignoreErrors' }); // requests that were under way when the check ended
    await context.close();
  }
}
await browser.close();
console.log(`${base}: ${failed ? `${failed} failed` : 'all passed'}`);
process.exit(failed ? 1 : 0);
