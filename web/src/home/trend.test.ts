import { expect, test } from 'vitest';
import { pushTrend, trendPath } from './trend';

test('pushTrend forgets the oldest', () => {
  expect(pushTrend([1, 2, 3], 4, 3)).toEqual([2, 3, 4]);
  expect(pushTrend([], 1, 3)).toEqual([1]);
});

test('trendPath draws the newest at the right edge and the highest on top', () => {
  expect(trendPath([0, 10], 11, 100, 23)).toBe('M90.0 21.5L100.0 1.5');
});

test('trendPath breaks the line at a gap', () => {
  expect(trendPath([1, null, 1], 3, 100, 20)).toBe('M0.0 10.0M100.0 10.0');
});

test('trendPath keeps a flat trend and mere noise in the middle', () => {
  expect(trendPath([0, 0], 2, 100, 20)).toBe('M0.0 10.0L100.0 10.0');
  expect(trendPath([1e6, 1e6 + 1], 2, 100, 20)).toBe('M0.0 10.0L100.0 10.0');
});

test('trendPath of less than two points is empty', () => {
  expect(trendPath([], 10, 100, 20)).toBe('');
  expect(trendPath([null, 5, null], 10, 100, 20)).toBe('');
});
