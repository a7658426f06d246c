import type { ConnectionState } from '../gql/graphql';
import { Icon, type IconName } from './Icon';

const looks: Record<ConnectionState, { text: string; icon: IconName; look: string }> = {
  CONNECTED: { text: 'Connected', icon: 'good', look: 'good' },
  CONNECTING: { text: 'Connecting', icon: 'waiting', look: 'warn' },
  RECONNECTING: { text: 'Reconnecting', icon: 'waiting', look: 'warn' },
  REFUSED: { text: 'Refused', icon: 'bad', look: 'bad' },
  UNKNOWN: { text: 'Unknown: its gateway has not reported', icon: 'unknown', look: 'unknown' },
};

export function StateBadge({ state }: { state: ConnectionState }) {
  const { text, icon, look } = looks[state];
  return (
    <span className={`badge ${look}`}>
      <Icon name={icon} />
      {text}
    </span>
  );
}
