import type { LiveSeriesQuery, TelemetrySubscription } from '../gql/graphql';
import { pushTrend, type Trend } from './trend';

export type SeriesInfo = LiveSeriesQuery['series']['edges'][number]['node'];
export type DataValue = NonNullable<SeriesInfo['latest']>;
export type TelemetryValue = TelemetrySubscription['telemetry']['values'][number];

/** The trend has one point a second. */
export const trendCapacity = 60;

export interface LiveValue {
  readonly value: DataValue | null;
  readonly trend: Trend;
}

/** The newest value of each shown series, by the series' id. */
export type LiveValues = Readonly<Record<string, LiveValue>>;

export type LiveAction =
  | { type: 'series'; series: readonly SeriesInfo[] }
  | { type: 'telemetry'; values: readonly TelemetryValue[] }
  | { type: 'second' };

export function liveReducer(state: LiveValues, action: LiveAction): LiveValues {
  switch (action.type) {
    case 'series':
      return Object.fromEntries(action.series.map((s) => [s.id, withSeries(state[s.id], s.latest ?? null)]));
    case 'telemetry': {
      const next = { ...state };
      for (const { series, value } of action.values) {
        const known = next[series];
        if (known) next[series] = { ...known, value };
      }
      return next;
    }
    case 'second':
      return Object.fromEntries(
        Object.entries(state).map(([id, v]) => [id, { ...v, trend: pushTrend(v.trend, trendPoint(v.value), trendCapacity) }]),
      );
  }
}

// The list is asked for again and again; a value from the stream that is newer than the list's stays.
function withSeries(known: LiveValue | undefined, latest: DataValue | null): LiveValue {
  if (!known) return { value: latest, trend: [] };
  if (known.value && !(timeOf(latest) > timeOf(known.value))) return known;
  return { ...known, value: latest };
}

/** When the value was measured, in milliseconds since 1970; NaN when nothing says so. */
export function timeOf(value: DataValue | null): number {
  return Date.parse(value?.sourceTimestamp ?? value?.serverTimestamp ?? '');
}

function trendPoint(value: DataValue | null): number | null {
  if (!value || value.status.severity === 'BAD') return null;
  return typeof value.value === 'number' ? value.value : null;
}

/** Series of one asset: what one writer publishes under the same path. */
export interface Asset {
  key: string;
  title: string;
  /** The server, and the writer if it is not the usual one. */
  origin: string;
  series: SeriesInfo[];
}

export function groupByAsset(series: readonly SeriesInfo[]): Asset[] {
  const assets = new Map<string, Asset>();
  for (const s of series) {
    const above = s.path?.split('/').slice(0, -1).join('/') ?? `${s.group}/${s.writer}`;
    const origin = s.writer === 'default' ? s.server : `${s.server} · ${s.writer}`;
    const key = `${above}\n${origin}`;
    const asset = assets.get(key) ?? { key, title: assetTitle(above), origin, series: [] };
    asset.series.push(s);
    assets.set(key, asset);
  }
  const sorted = [...assets.values()].sort((a, b) => byName(a.key, b.key));
  for (const asset of sorted) asset.series.sort((a, b) => byName(seriesName(a), seriesName(b)));
  return sorted;
}

function assetTitle(path: string): string {
  return path.replace(/^Objects\//, '').replaceAll('/', ' / ');
}

/** The last part of the path; an element of an array has its index behind it, "Voltage[0]". */
export function seriesName(series: Pick<SeriesInfo, 'path' | 'field' | 'labels'>): string {
  const name = series.path?.split('/').at(-1) ?? series.field;
  const { element } = series.labels;
  return element === undefined ? name : `${name}[${element}]`;
}

const collator = new Intl.Collator('en', { numeric: true });
function byName(a: string, b: string): number {
  return collator.compare(a, b);
}

/** An RE2 expression that matches each path with the text in it, in any case. */
export function pathPattern(text: string): string {
  return `(?i).*${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}.*`;
}
