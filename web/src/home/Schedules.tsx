import { useState } from 'react';
import { reason, request } from '../api/request';
import { type DiscoveryGateway, formatPause, scheduleDocument, scopeText } from './discoveries';

interface Props {
  gateways: readonly DiscoveryGateway[];
  onEnded: () => void;
}

/** The recurring discoveries of all gateways. */
export function Schedules({ gateways, onEnded }: Props) {
  const scheduled = gateways.filter((gateway) => gateway.discoverySchedule);
  return (
    <div className="card schedules">
      <h3>Schedules</h3>
      {scheduled.length === 0 && <p className="note">No gateway looks for servers by itself. Choose above how often one should.</p>}
      <ul>
        {scheduled.map((gateway) => (
          <Schedule key={gateway.id} gateway={gateway} onEnded={onEnded} />
        ))}
      </ul>
    </div>
  );
}

function Schedule({ gateway: { id, discoverySchedule }, onEnded }: { gateway: DiscoveryGateway; onEnded: () => void }) {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const config = discoverySchedule!.config;
  const end = async () => {
    setSending(true);
    setProblem(undefined);
    try {
      await request(scheduleDocument, { gateway: id, input: null });
      onEnded();
    } catch (error) {
      setProblem(reason(error));
      setSending(false);
    }
  };
  return (
    <li data-schedule={id}>
      <div className="server-head">
        <strong>{id}</strong>
        <span>again {formatPause(config.idleTimeBetweenScans)} after each</span>
        <button type="button" disabled={sending} onClick={end} aria-label={`End the schedule of ${id}`}>
          {sending ? 'Ending…' : 'End'}
        </button>
      </div>
      <p className="note">{scopeText(config)}</p>
      {problem && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </li>
  );
}
