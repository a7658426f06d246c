import { expect, test } from 'vitest';
import { donePart, formatPause, foundText, scopeText } from './discoveries';

const config = { mode: 'FAST', addressRangesToScan: null, portRangesToScan: null, discoveryUrls: [] } as const;

test.each([
  [{}, 'Fast'],
  [{ portRangesToScan: '4840' }, 'Fast · ports 4840'],
  [{ addressRangesToScan: '10.0.0.0/24' }, '10.0.0.0/24'],
  [{ mode: 'OFF', discoveryUrls: ['opc.tcp://a:1'] }, 'opc.tcp://a:1'],
] as const)('scopeText of %j is %s', (change, want) => {
  expect(scopeText({ ...config, ...change, discoveryUrls: [...(('discoveryUrls' in change && change.discoveryUrls) || [])] })).toBe(want);
});

test('foundText tells one from many', () => {
  expect(foundText({ found: 0, applications: 0 })).toBe('nothing found');
  expect(foundText({ found: 1, applications: 0 })).toBe('1 address answered, 0 applications');
  expect(foundText({ found: 12, applications: 1 })).toBe('12 addresses answered, 1 application');
});

test('donePart is known only with a total', () => {
  expect(donePart({ done: '5', total: '0' })).toBeUndefined();
  expect(donePart({ done: '5', total: '20' })).toBe(0.25);
  expect(donePart({ done: '30', total: '20' })).toBe(1);
});

test('formatPause separates the unit', () => {
  expect(formatPause('6h')).toBe('6\u00a0h');
});
