import { platformNow } from '../api/clock';
import { formatAge, formatTime, formatValue } from '../format';
import { CamelCase } from './CamelCase';
import { Icon } from './Icon';
import { type Asset, type LiveValue, type LiveValues, type SeriesInfo, seriesName, timeOf, trendCapacity } from './live';
import { Sparkline } from './Sparkline';
import { useNow } from './useNow';

// A longer text takes the place of its trend.
const longText = 14;

interface Props {
  asset: Asset;
  values: LiveValues;
}

export function AssetCard({ asset, values }: Props) {
  const now = useNow(platformNow);
  return (
    <div className="card asset">
      <table>
        <caption>
          {asset.title} <span className="note">{asset.origin}</span>
        </caption>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value and quality</th>
            <th scope="col">Last minute</th>
            <th scope="col">Last change</th>
          </tr>
        </thead>
        <tbody>
          {asset.series.map((series) => (
            <ValueRow key={series.id} series={series} live={values[series.id]} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ValueRow({ series, live, now }: { series: SeriesInfo; live: LiveValue | undefined; now: number }) {
  const value = live?.value ?? null;
  const severity = value?.status.severity ?? 'GOOD';
  const good = severity === 'GOOD';
  const time = timeOf(value);
  const text = formatValue(value?.value, value?.dataType);
  const hasTrend = good && text.length <= longText;
  return (
    <tr className={severity.toLowerCase()} data-series={series.id}>
      <th scope="row" title={series.path ?? series.id}>
        <CamelCase name={seriesName(series)} />
      </th>
      <td className="reading" colSpan={hasTrend ? 1 : 2}>
        {(good || value?.value != null) && (
          <span className="number" title={text}>
            {text}
            {series.unit && value && <span className="unit"> {series.unit}</span>}
          </span>
        )}
        {good ? (
          <span className="visually-hidden">{value ? value.status.name : 'No value yet'}</span>
        ) : (
          <span className="quality">
            <Icon name={severity === 'BAD' ? 'bad' : 'warning'} />
            <span>
              <CamelCase name={value?.status.name ?? ''} />
            </span>
          </span>
        )}
      </td>
      {hasTrend && (
        <td className="trend">
          <Sparkline trend={live?.trend ?? []} capacity={trendCapacity} width={56} height={16} />
        </td>
      )}
      <td className="age" title={Number.isNaN(time) ? undefined : formatTime(time)}>
        {Number.isNaN(time) ? '' : formatAge(now - time)}
      </td>
    </tr>
  );
}
