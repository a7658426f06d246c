import { type ReactNode, useState } from 'react';
import { platformNow } from '../api/clock';
import { reason, request } from '../api/request';
import { formatDuration, formatEnum, formatThumbprint, formatTime } from '../format';
import { graphql } from '../gql';
import { AddServer } from './AddServer';
import { type Application, bySecurity, type Endpoint, isServer, securityText, takesAnonymous } from './applications';
import { Icon } from './Icon';
import { untrustedThumbprint } from './overview';
import { StateBadge } from './StateBadge';
import { TrustCertificate } from './TrustCertificate';

const document = graphql(`
  mutation AddDiscoveredServer($input: AddDiscoveredServerInput!) {
    addDiscoveredServer(input: $input) { id }
  }
`);

interface Props {
  application: Application;
  onAdded: () => void;
}

/** One found application: who it says it is, its endpoints, and the way to make a server of it. */
export function ApplicationCard({ application, onAdded }: Props) {
  const { server, notSeenSince } = application;
  const endpoints = [...application.endpoints].sort(bySecurity);
  const adding = useAdding(application, onAdded);
  const [best] = endpoints;
  const name = application.name || application.applicationUri;
  return (
    <li data-application={application.id}>
      <div className="server-head">
        <h4>{name}</h4>
        {application.type !== 'SERVER' && <span className="badge">{formatEnum(application.type)}</span>}
        {notSeenSince && (
          <span className="badge warn" title={`Last seen ${formatTime(application.lastSeen)}`}>
            <Icon name="warning" />
            Not seen for {formatDuration(platformNow() - Date.parse(notSeenSince))}
          </span>
        )}
        {server ? <StateBadge state={server.connection.state} /> : best && isServer(application) && <AddButton endpoint={best} name={name} adding={adding} primary />}
      </div>
      <p className="note">
        {best && (
          <>
            <code>{best.url}</code> · {!server && `${securityText(best)} · `}
          </>
        )}
        found by {application.gateway.id}
      </p>
      {adding.problem && (
        <p className="field-problem" role="alert">
          {adding.problem}
        </p>
      )}
      {server && <AddedServer server={server} onTrusted={onAdded} />}
      {best && <Endpoints application={application} endpoints={endpoints} adding={adding} name={name} />}
      {adding.asking && (
        <AddServer
          known={{ name, gateway: application.gateway.id, endpointUrl: adding.asking.url, securityMode: adding.asking.securityMode, securityPolicy: policy(adding.asking) }}
          onAdded={adding.finish}
          onCancel={adding.cancel}
        />
      )}
    </li>
  );
}

// A server with the policy None has none to choose.
function policy({ securityMode, securityPolicy }: Endpoint): string | undefined {
  return securityMode === 'NONE' ? undefined : securityPolicy;
}

function useAdding(application: Application, onAdded: () => void) {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [asking, setAsking] = useState<Endpoint>(); // who to log in as at this endpoint
  const finish = () => {
    setAsking(undefined);
    onAdded();
  };
  const add = async (endpoint: Endpoint) => {
    setProblem(undefined);
    if (!takesAnonymous(endpoint)) return setAsking(endpoint);
    setSending(true);
    try {
      const { url: endpointUrl, securityMode } = endpoint;
      await request(document, { input: { application: application.id, endpointUrl, securityMode, securityPolicy: policy(endpoint) } });
      onAdded();
    } catch (error) {
      setProblem(reason(error));
    } finally {
      setSending(false);
    }
  };
  return { add, sending, problem, asking, finish, cancel: () => setAsking(undefined) };
}

interface AddButtonProps {
  endpoint: Endpoint;
  name: string;
  adding: ReturnType<typeof useAdding>;
  primary?: boolean;
}

function AddButton({ endpoint, name, adding, primary }: AddButtonProps) {
  const text = takesAnonymous(endpoint) ? 'Add' : 'Add with a user…';
  return (
    <button
      type="button"
      className={primary ? 'primary' : undefined}
      disabled={adding.sending}
      onClick={() => adding.add(endpoint)}
      aria-label={`${text}: ${name}, ${securityText(endpoint)}`}
    >
      {text}
    </button>
  );
}

interface EndpointsProps {
  application: Application;
  endpoints: readonly Endpoint[];
  adding: ReturnType<typeof useAdding>;
  name: string;
}

function Endpoints({ application, endpoints, adding, name }: EndpointsProps) {
  return (
    <details>
      <summary>{endpoints.length === 1 ? '1 endpoint' : `${endpoints.length} endpoints`}</summary>
      <p className="note">
        <code>{application.applicationUri}</code> {application.productUri && <code>{application.productUri}</code>}
      </p>
      <ul className="endpoints">
        {endpoints.map((endpoint, i) => (
          <EndpointRow key={i} endpoint={endpoint}>
            {!application.server && isServer(application) && <AddButton endpoint={endpoint} name={name} adding={adding} />}
          </EndpointRow>
        ))}
      </ul>
    </details>
  );
}

function EndpointRow({ endpoint, children }: { endpoint: Endpoint; children: ReactNode }) {
  const open = endpoint.securityMode === 'NONE';
  return (
    <li>
      <div>
        <code>{endpoint.url}</code>
        <p className={open ? 'open' : undefined}>
          {open && <Icon name="warning" />}
          {open ? 'None: not protected' : securityText(endpoint)}
        </p>
        <p className="note">
          {endpoint.userTokens.length > 0 && `Log in: ${endpoint.userTokens.map(({ type }) => formatEnum(type).toLowerCase()).join(', ')}`}
          {endpoint.userTokens.length > 0 && endpoint.thumbprint && ' · '}
          {endpoint.thumbprint && (
            <>
              certificate <code>{formatThumbprint(endpoint.thumbprint)}</code>
            </>
          )}
        </p>
      </div>
      {children}
    </li>
  );
}

function AddedServer({ server, onTrusted }: { server: NonNullable<Application['server']>; onTrusted: () => void }) {
  const untrusted = untrustedThumbprint(server);
  return (
    <>
      <p className="note">
        Server <a href={`#server-${server.id}`}>{server.name}</a>
      </p>
      {server.connection.error && (
        <p className="problem">
          <Icon name="warning" />
          <span>{server.connection.error}</span>
        </p>
      )}
      {untrusted && <TrustCertificate server={server} thumbprint={untrusted} onTrusted={onTrusted} />}
    </>
  );
}
