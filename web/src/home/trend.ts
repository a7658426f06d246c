/** Values at regular times, oldest first; null where there was none. */
export type Trend = readonly (number | null)[];

export function pushTrend(trend: Trend, value: number | null, capacity: number): Trend {
  return [...trend.slice(Math.max(0, trend.length - capacity + 1)), value];
}

/**
 * The trend as SVG path data in a box, newest at the right edge. A gap breaks the line. A flat trend runs through the middle,
 * and noise below a thousandth of the value counts as flat.
 */
export function trendPath(trend: Trend, capacity: number, width: number, height: number): string {
  const values = trend.filter((v) => v !== null);
  if (values.length < 2) return '';
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = Math.max(high - low, Math.max(Math.abs(low), Math.abs(high)) / 1000);
  const middle = (low + high) / 2;
  const step = width / (capacity - 1);
  const inset = 1.5; // half of the line's width and a bit
  let path = '';
  let pen = 'M';
  trend.forEach((value, i) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const x = width - (trend.length - 1 - i) * step;
    const y = height / 2 - (span === 0 ? 0 : ((value - middle) / span) * (height - 2 * inset));
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}
