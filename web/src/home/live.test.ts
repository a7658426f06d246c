import { describe, expect, test } from 'vitest';
import { type DataValue, groupByAsset, liveReducer, pathPattern, type SeriesInfo, seriesName, trendCapacity } from './live';

const good = { name: 'Good', severity: 'GOOD' } as const;
const bad = { name: 'BadSensorFailure', severity: 'BAD' } as const;

function value(v: unknown, second: number, status: DataValue['status'] = good): DataValue {
  const time = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  return { value: v, dataType: 'Double', status, sourceTimestamp: time, serverTimestamp: null };
}

function series(path: string | null, latest: DataValue | null = null, server = 'demo'): SeriesInfo {
  const field = path?.split('/').at(-1) ?? 'field';
  return { id: `${server}/${path ?? field}`, server, group: 'g', writer: 'w', field, path, unit: null, labels: {}, latest };
}

describe('liveReducer', () => {
  const temperature = series('Objects/Boiler1/Temperature', value(20, 10));
  const listed = liveReducer({}, { type: 'series', series: [temperature] });

  test('a new series begins with its latest value', () => {
    expect(listed[temperature.id]).toEqual({ value: value(20, 10), trend: [] });
  });

  test('the stream replaces values of shown series and ignores others', () => {
    const next = liveReducer(listed, {
      type: 'telemetry',
      values: [
        { series: temperature.id, value: value(21, 11) },
        { series: 'other', value: value(1, 11) },
      ],
    });
    expect(Object.keys(next)).toEqual([temperature.id]);
    expect(next[temperature.id]?.value?.value).toBe(21);
    expect(listed[temperature.id]?.value?.value).toBe(20);
  });

  test('an older value of the list does not replace one of the stream', () => {
    const streamed = liveReducer(listed, { type: 'telemetry', values: [{ series: temperature.id, value: value(21, 12) }] });
    const older = liveReducer(streamed, { type: 'series', series: [{ ...temperature, latest: value(20, 10) }] });
    expect(older[temperature.id]?.value?.value).toBe(21);
    const newer = liveReducer(streamed, { type: 'series', series: [{ ...temperature, latest: value(25, 13) }] });
    expect(newer[temperature.id]?.value?.value).toBe(25);
  });

  test('series that are no longer listed are forgotten', () => {
    expect(liveReducer(listed, { type: 'series', series: [] })).toEqual({});
  });

  test('the trend takes one point a second, gaps for Bad, and stays bounded', () => {
    let state = liveReducer(listed, { type: 'second' });
    state = liveReducer(state, { type: 'telemetry', values: [{ series: temperature.id, value: value(99, 11, bad) }] });
    state = liveReducer(state, { type: 'second' });
    state = liveReducer(state, { type: 'telemetry', values: [{ series: temperature.id, value: value('text', 12) }] });
    state = liveReducer(state, { type: 'second' });
    expect(state[temperature.id]?.trend).toEqual([20, null, null]);
    for (let i = 0; i < 2 * trendCapacity; i++) state = liveReducer(state, { type: 'second' });
    expect(state[temperature.id]?.trend).toHaveLength(trendCapacity);
  });
});

describe('groupByAsset', () => {
  test('groups by what is above the field, in natural order', () => {
    const assets = groupByAsset([
      series('Objects/Plant/Boiler10/Level'),
      series('Objects/Plant/Boiler2/Zone10'),
      series('Objects/Plant/Boiler2/Zone9'),
    ]);
    expect(assets.map((a) => [a.title, a.series.map((s) => s.field)])).toEqual([
      ['Plant / Boiler2', ['Zone9', 'Zone10']],
      ['Plant / Boiler10', ['Level']],
    ]);
  });

  test('the same path on two servers is two assets', () => {
    expect(groupByAsset([series('Objects/A/x'), series('Objects/A/x', null, 'other')])).toHaveLength(2);
  });

  test('elements of an array are told apart', () => {
    const zone = (element: string) => ({ ...series('Objects/A/Zone'), id: element, labels: { element } });
    expect(groupByAsset([zone('10'), zone('9')])[0]?.series.map(seriesName)).toEqual(['Zone[9]', 'Zone[10]']);
  });

  test('two writers of the same path are two groups', () => {
    const groups = groupByAsset([{ ...series('Objects/A/x'), writer: 'default' }, series('Objects/A/x')]);
    expect(groups.map((g) => g.origin)).toEqual(['demo', 'demo · w']);
  });

  test('a series without a path is grouped by its writer', () => {
    expect(groupByAsset([series(null)])[0]?.title).toBe('g / w');
  });
});

test.each([
  ['boiler', 'Objects/Plant/Boiler1/Level', true],
  ['A.B', 'Objects/AxB', false],
  ['f(x)', 'Objects/f(x)/y', true],
  ['[1]', 'Objects/Zone[1]', true],
])('pathPattern(%s) on %s: %s', (text, path, want) => {
  const pattern = pathPattern(text);
  expect(pattern.startsWith('(?i)')).toBe(true); // RE2's flag; JavaScript has it outside
  expect(new RegExp(`^(?:${pattern.slice(4)})$`, 'i').test(path)).toBe(want);
});
