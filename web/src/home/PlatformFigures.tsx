import type { ReactNode } from 'react';
import { platformNow } from '../api/clock';
import { formatCount, formatDuration, formatRate, formatTime } from '../format';
import { Icon } from './Icon';
import { type Overview, rateCapacity } from './overview';
import { Sparkline } from './Sparkline';

export function PlatformFigures({ overview }: { overview: Overview }) {
  const { ingest, started } = overview.platform;
  return (
    <section className="figures" aria-label="Platform">
      <Figure label="Values per second" value={formatRate(ingest.valuesPerSecond)} note="last 2 minutes">
        <Sparkline trend={overview.rate} capacity={rateCapacity} width={160} height={34} />
      </Figure>
      <Figure label="Series" value={formatCount(ingest.series)} note="known to the store" />
      <Figure label="Values stored" value={formatCount(ingest.values)} note={`in ${formatCount(ingest.frames)} frames`} />
      <Figure label="Backlog" value={formatCount(ingest.backlog)} note="frames to process" />
      <Figure
        label="Dead frames"
        value={formatCount(ingest.deadFrames)}
        note={ingest.deadFrames === '0' ? 'all frames decode' : <>not decoded; <a href="#dead-letters">see why</a></>}
        warning={ingest.deadFrames !== '0'}
      />
      <Figure
        label="Screened values"
        value={formatCount(ingest.screenedValues)}
        note={ingest.screenedValues === '0' ? 'none left out' : 'not stored: time or number is impossible'}
        warning={ingest.screenedValues !== '0'}
      />
      <Figure label="Running for" value={formatDuration(platformNow() - Date.parse(started))} note={`since ${formatTime(started)}`} />
    </section>
  );
}

interface FigureProps {
  label: string;
  value: string;
  note: ReactNode;
  warning?: boolean;
  children?: ReactNode;
}

function Figure({ label, value, note, warning, children }: FigureProps) {
  return (
    <div className={warning ? 'figure warning' : 'figure'}>
      <div className="label">
        {warning && (
          <>
            <Icon name="warning" />
            <span className="visually-hidden">Warning:</span>
          </>
        )}
        {label}
      </div>
      <div className="value">
        {value}
        {children}
      </div>
      <div className="note">{note}</div>
    </div>
  );
}
