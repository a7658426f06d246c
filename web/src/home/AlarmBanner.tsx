import { platformNow } from '../api/clock';
import { formatDuration, formatTime } from '../format';
import type { Alarm } from './health';
import { Icon } from './Icon';

/** The active alarms with what to do about each, the most urgent first. Nothing when there is none. */
export function AlarmBanner({ alarms }: { alarms: readonly Alarm[] }) {
  if (alarms.length === 0) return null;
  return (
    <section aria-label="Alarms">
      {alarms.map((alarm) => (
        <div key={alarm.id} className={alarm.severity === 'CRITICAL' ? 'banner' : 'banner warn'} data-alarm={alarm.id}>
          <Icon name={alarm.severity === 'CRITICAL' ? 'bad' : 'warning'} />
          <div role="alert">
            <p>
              <strong>
                {alarm.severity === 'CRITICAL' ? 'Alarm' : 'Warning'}: {alarm.message}
              </strong>
            </p>
            <p>{alarm.remedy}</p>
          </div>
          <span className="since" title={formatTime(alarm.since)}>
            for {formatDuration(platformNow() - Date.parse(alarm.since))}
          </span>
        </div>
      ))}
    </section>
  );
}
