import { platformNow } from '../api/clock';
import { formatAge, formatDuration, formatTime } from '../format';
import { type Discovery, foundText, phaseTexts, scopeText } from './discoveries';
import { Icon, type IconName } from './Icon';

const looks: Partial<Record<Discovery['progress']['phase'], { look: string; icon: IconName }>> = {
  FINISHED: { look: 'good', icon: 'good' },
  CANCELLED: { look: '', icon: 'unknown' },
  FAILED: { look: 'bad', icon: 'bad' },
};

/** What the last discoveries brought, and what they left out. */
export function PastDiscoveries({ discoveries }: { discoveries: readonly Discovery[] }) {
  return (
    <ul className="card past">
      {discoveries.map((discovery) => (
        <Past key={discovery.id} discovery={discovery} />
      ))}
    </ul>
  );
}

function Past({ discovery: { id, gateway, scheduled, started, ended, requested, config, progress, notes } }: { discovery: Discovery }) {
  const { look, icon } = looks[progress.phase] ?? { look: 'warn', icon: 'waiting' };
  const time = ended ?? requested;
  return (
    <li data-discovery={id}>
      <div className="server-head">
        <span className={`badge ${look}`}>
          <Icon name={icon} />
          {phaseTexts[progress.phase]}
        </span>
        <span>{foundText(progress)}</span>
        <span className="note" title={formatTime(time)}>
          {formatAge(platformNow() - Date.parse(time))}
          {started && ended && `, took ${formatDuration(Date.parse(ended) - Date.parse(started))}`}
        </span>
      </div>
      <p className="note">
        {gateway.id} · {scopeText(config)}
        {scheduled && ' · scheduled'}
      </p>
      {progress.error && (
        <p className="problem">
          <Icon name="warning" />
          <span>{progress.error}</span>
        </p>
      )}
      {notes.length > 0 && (
        <details>
          <summary>{notes.length === 1 ? 'What was left out' : `What was left out: ${notes.length} notes`}</summary>
          <ul>
            {notes.map((note, i) => (
              <li key={i} className="note">
                {note}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
