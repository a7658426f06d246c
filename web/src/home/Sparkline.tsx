import { type Trend, trendPath } from './trend';

interface Props {
  trend: Trend;
  capacity: number;
  width: number;
  height: number;
}

/** The shape of a trend. It is decoration: the number beside it is what is read. */
export function Sparkline({ trend, capacity, width, height }: Props) {
  return (
    <svg className="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path d={trendPath(trend, capacity, width, height)} />
    </svg>
  );
}
