import { expect, test } from 'vitest';
import { usedPercent, usedText } from './health';

test.each([
  [0, 100, 0],
  [25, 200, 12.5],
  [300, 200, 100],
  [-1, 200, 0],
  [5, 0, undefined],
])('%d of %d are %s %%', (current, limit, percent) => {
  expect(usedPercent({ current, limit })).toBe(percent);
});

test.each([
  [1.24e9, 2e10, 'BYTES', '1.24 GB of 20 GB'],
  [312, 1e6, 'SERIES', '312 of 1\u202f000\u202f000 series'],
  [3, 0, 'FRAMES', '3 frames'],
  [3, 64, 'ITEMS', '3 of 64'],
] as const)('%d of %d %s', (current, limit, unit, text) => {
  expect(usedText({ current, limit, unit })).toBe(text);
});
