import { platformNow } from '../api/clock';
import { formatCount, formatDuration, formatEnum, formatRate, formatTime } from '../format';
import { BadNodes } from './BadNodes';
import { Icon } from './Icon';
import { rateCapacity, type Server, untrustedThumbprint } from './overview';
import { Sparkline } from './Sparkline';
import { StateBadge } from './StateBadge';
import type { Trend } from './trend';
import { TrustCertificate } from './TrustCertificate';

interface Props {
  server: Server;
  rate: Trend;
  refresh: () => void;
}

export function ServerCard({ server, rate, refresh }: Props) {
  const { connection } = server;
  const untrusted = untrustedThumbprint(server);
  return (
    <article className="card server" aria-label={server.name} data-server={server.id}>
      <div className="server-head">
        <h3>{server.name}</h3>
        <StateBadge state={connection.state} />
        {connection.since && (
          <span className="note" title={formatTime(connection.since)}>
            for {formatDuration(platformNow() - Date.parse(connection.since))}
          </span>
        )}
      </div>
      {connection.error && (
        <p className="problem">
          <Icon name="warning" />
          <span>{connection.error}</span>
        </p>
      )}
      {untrusted && <TrustCertificate server={server} thumbprint={untrusted} onTrusted={refresh} />}
      <dl>
        <div>
          <dt>Values per second</dt>
          <dd>
            {formatRate(server.valuesPerSecond)}
            <Sparkline trend={rate} capacity={rateCapacity} width={72} height={18} />
          </dd>
        </div>
        <div>
          <dt>Monitored items</dt>
          <dd>
            {formatCount(connection.monitoredItems)}
            {connection.badItems > 0 && (
              <span className="bad-text">
                <Icon name="warning" />
                {formatCount(connection.badItems)} bad
              </span>
            )}
          </dd>
        </div>
        <div className="wide">
          <dt>Endpoint</dt>
          <dd>
            <code>{server.endpointUrl}</code>
          </dd>
        </div>
        <div className="wide">
          <dt>Security</dt>
          <dd>{security(server)}</dd>
        </div>
        <Interruptions server={server} />
      </dl>
      {connection.badItems > 0 && <BadNodes server={server.id} count={connection.badItems} />}
    </article>
  );
}

function Interruptions({ server: { connection } }: { server: Server }) {
  const parts = [];
  if (connection.reconnects !== '0') parts.push(`${formatCount(connection.reconnects)} reconnects`);
  if (connection.lostNotifications !== '0') parts.push(`${formatCount(connection.lostNotifications)} notifications lost by the server`);
  if (parts.length === 0) return null;
  return (
    <div className="wide">
      <dt>Since the gateway started</dt>
      <dd>{parts.join(', ')}</dd>
    </div>
  );
}

// The actual security while there is a connection, else the wanted one.
function security({ connection, securityMode, securityPolicy, userName, gateway }: Server): string {
  const actual = connection.securityMode;
  const policy = actual ? connection.securityPolicy : securityPolicy;
  const mode = actual ? formatEnum(actual) : securityMode === 'BEST' ? 'The best that the server offers' : formatEnum(securityMode);
  const parts = [actual ? mode : `Wanted: ${mode.charAt(0).toLowerCase()}${mode.slice(1)}`];
  if (policy && policy !== 'None') parts.push(policy);
  parts.push(userName ? `user ${userName}` : 'anonymous', `gateway ${gateway.id}`);
  return parts.join(' · ');
}
