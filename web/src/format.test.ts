import { describe, expect, test } from 'vitest';
import { camelWords, formatAge, formatBytes, formatCount, formatDuration, formatEnum, formatNumber, formatRate, formatThumbprint, formatTime, formatValue } from './format';

const s = '\u202f'; // the group separator

test.each([
  [0, '0'],
  [140, '140'],
  [140.04, '140.0'],
  [-139.96, '-140.0'],
  [3.14159, '3.14'],
  [0.87421, '0.874'],
  [0.5, '0.5'],
  [12345.678, `12${s}346`],
  [-1234567, `-1${s}234${s}567`],
  [0.00012345, '1.23e-4'],
  [1.5e15, '1.50e+15'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
])('formatNumber(%d) is %s', (value, want) => {
  expect(formatNumber(value)).toBe(want);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1234, '1.23 kB'],
  [15_670, '15.7 kB'],
  [999_600, '1 MB'],
  [2.5e8, '250 MB'],
  [1.2e9, '1.2 GB'],
  [4.3e15, `4${s}300 TB`],
])('formatBytes(%d) is %s', (value, want) => {
  expect(formatBytes(value)).toBe(want);
});

test.each([
  [0, '0'],
  [999.6, `1${s}000`],
  ['9007199254740993', `9${s}007${s}199${s}254${s}740${s}993`],
  ['-1234', `-1${s}234`],
])('formatCount(%s) is %s', (value, want) => {
  expect(formatCount(value)).toBe(want);
});

test.each([
  [0, '0'],
  [0.25, '0.3'],
  [117.8, '118'],
  [2_300_000, `2${s}300${s}000`],
])('formatRate(%d) is %s', (value, want) => {
  expect(formatRate(value)).toBe(want);
});

test.each([
  [-5000, '0 s'], // a device's clock that is ahead
  [400, '0 s'],
  [89_000, '89 s'],
  [90_000, '2 min'],
  [3 * 3600_000, '3 h'],
  [49 * 3600_000, '2 d'],
  [1234 * 86_400_000, `1${s}234 d`],
])('formatDuration(%d) is %s', (value, want) => {
  expect(formatDuration(value)).toBe(want);
});

test('formatAge', () => {
  expect([-5000, 2000, 3000, 90_000].map(formatAge)).toEqual(['now', 'now', '3 s ago', '2 min ago']);
});

describe('formatValue', () => {
  test.each<[unknown, string | null, string]>([
    [null, null, '–'],
    [true, 'Boolean', 'true'],
    [false, 'Boolean', 'false'],
    [12, 'UInt32', '12'],
    [123456, 'Int32', `123${s}456`],
    [12.3456, 'Double', '12.35'],
    ['NaN', 'Double', 'NaN'],
    ['1204000', 'Int64', `1${s}204${s}000`],
    ['B-20260102-0007', 'String', 'B-20260102-0007'],
    [{ locale: 'en', text: 'At set point' }, 'LocalizedText', 'At set point'],
    [[1.234, 200], 'Double[]', '1.23, 200'],
    [[], 'Double[]', ''],
    [{ namespaceUri: 'urn:x', name: 'A' }, 'QualifiedName', '{"namespaceUri":"urn:x","name":"A"}'],
    [{ typeId: 'nsu=urn:x;i=1', encoding: 'binary', body: 'AQID' }, 'Structure', 'structure of 3 B'],
    [{ typeId: 'nsu=urn:x;i=1', encoding: 'binary', body: 'AQ==' }, 'Structure', 'structure of 1 B'],
    [{ typeId: 'nsu=urn:x;i=2', body: { Recipe: 'Oat', Size: 1.23456, Next: { typeId: 'nsu=urn:x;i=2', body: { Recipe: null } } } }, 'Structure', 'Recipe Oat · Size 1.23 · Next Recipe –'],
    [{ batch: 'B-7', packs: 3 }, 'Structure', '{"batch":"B-7","packs":3}'],
  ])('%j as %s is %s', (value, dataType, want) => {
    expect(formatValue(value, dataType)).toBe(want);
  });

  test('a DateTime is written in local time', () => {
    const time = new Date(2026, 0, 2, 3, 4, 5);
    expect(formatValue(time.toISOString(), 'DateTime')).toBe('2026-01-02 03:04:05');
  });
});

test('formatTime gives back what is no time', () => {
  expect(formatTime('soon')).toBe('soon');
});

test.each([
  ['3fa19c', '3F:A1:9C'],
  ['3F A1 9C', '3F:A1:9C'],
])('formatThumbprint(%s) is %s', (value, want) => {
  expect(formatThumbprint(value)).toBe(want);
});

test('formatEnum', () => {
  expect(formatEnum('SIGN_AND_ENCRYPT')).toBe('Sign and encrypt');
});

test('camelWords', () => {
  expect(camelWords('TemperatureSetPoint')).toEqual(['Temperature', 'Set', 'Point']);
  expect(camelWords('EURange')).toEqual(['EURange']);
  expect(camelWords('ZoneTemperatures[7]')).toEqual(['Zone', 'Temperatures', '[7]']);
  expect(camelWords('flow_1')).toEqual(['flow_1']);
});
