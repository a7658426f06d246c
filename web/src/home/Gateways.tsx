import { platformNow } from '../api/clock';
import { request } from '../api/request';
import { formatAge, formatBytes, formatCount, formatRate, formatTime } from '../format';
import { graphql } from '../gql';
import type { GatewaysQuery } from '../gql/graphql';
import { Icon } from './Icon';
import { SectionProblem } from './SectionProblem';
import { usePoll } from './usePoll';

const gatewaysShown = 50;
const reasonsShown = 3;
const interval = 5000; // ms

const document = graphql(`
  query Gateways($first: Int!) {
    gateways(first: $first) {
      totalCount
      edges {
        node {
          id
          version
          link { local connected heard }
          buffer { frames bytes maxBytes oldest dropped forwardRate }
          configurationState { revision inSync outOfSync { writer server reason } }
        }
      }
    }
  }
`);

type Gateway = GatewaysQuery['gateways']['edges'][number]['node'];

function load(signal: AbortSignal): Promise<GatewaysQuery> {
  return request(document, { first: gatewaysShown }, signal);
}

/** The gateways in processes of their own: whether they are there, what waits in their buffers, and whether they run what they should. */
export function Gateways() {
  const { data, problem } = usePoll(load, interval);
  const remote = data?.gateways.edges.map(({ node }) => node).filter(({ link }) => !link.local);
  if (!problem?.answered && !remote?.length) return null;
  return (
    <section id="gateways" aria-labelledby="gateways-title">
      <div className="section-head">
        <h2 id="gateways-title">Gateways</h2>
      </div>
      <SectionProblem what="The gateways" problem={problem} />
      {remote && remote.length > 0 && (
        <div className="card gateways">
          {remote.map((gateway) => (
            <Row key={gateway.id} gateway={gateway} />
          ))}
        </div>
      )}
      {data && data.gateways.totalCount > gatewaysShown && (
        <p className="note">
          The first {gatewaysShown} of {formatCount(data.gateways.totalCount)} are shown.
        </p>
      )}
    </section>
  );
}

function Row({ gateway }: { gateway: Gateway }) {
  const { link, configurationState: state } = gateway;
  return (
    <article aria-label={gateway.id} data-gateway={gateway.id}>
      <div className="server-head">
        <h3>{gateway.id}</h3>
        <span className={`badge ${link.connected ? 'good' : 'bad'}`}>
          <Icon name={link.connected ? 'good' : 'bad'} />
          {link.connected ? 'Connected' : 'Away'}
        </span>
        <span className="note" title={link.heard ? formatTime(link.heard) : undefined}>
          {link.heard ? `heard ${formatAge(platformNow() - Date.parse(link.heard))}` : 'not heard yet'} · {gateway.version}
        </span>
      </div>
      <Buffer gateway={gateway} />
      {!state.inSync && (
        <ul className="out-of-sync">
          {state.outOfSync.slice(0, reasonsShown).map(({ writer, server, reason }) => (
            <li key={writer ?? server}>
              <Icon name="warning" /> <strong>{writer ?? server}</strong> {reason}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

function Buffer({ gateway: { buffer } }: { gateway: Gateway }) {
  if (!buffer) return null;
  const waits = buffer.frames !== '0' && buffer.oldest;
  return (
    <p>
      Buffer: {formatBytes(Number(buffer.bytes))} of {formatBytes(Number(buffer.maxBytes))}
      {waits && `, oldest frame ${formatAge(platformNow() - Date.parse(waits))}`} · {formatRate(buffer.forwardRate)} frames/s handed over
      {buffer.dropped !== '0' && (
        <span className="bad-text">
          <Icon name="warning" />
          {formatCount(buffer.dropped)} frames dropped
        </span>
      )}
    </p>
  );
}
