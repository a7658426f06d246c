import { request } from '../api/request';
import { graphql } from '../gql';
import type { ConnectionState, OverviewQuery } from '../gql/graphql';
import { pushTrend, type Trend } from './trend';

export const serversShown = 100;

const document = graphql(`
  query Overview($first: Int!) {
    platform {
      version
      started
      ingest { valuesPerSecond values frames deadFrames screenedValues backlog series }
    }
    servers(first: $first) {
      totalCount
      edges {
        node {
          id
          name
          endpointUrl
          securityMode
          securityPolicy
          userName
          trustedThumbprints
          valuesPerSecond
          gateway { id }
          connection {
            state
            since
            error
            thumbprint
            securityMode
            securityPolicy
            monitoredItems
            badItems
            reconnects
            lostNotifications
          }
        }
      }
    }
  }
`);

export type Server = OverviewQuery['servers']['edges'][number]['node'];

/** The state of the platform, with the trend of each rate over the last two minutes. */
export interface Overview extends OverviewQuery {
  rate: Trend;
  serverRates: ReadonlyMap<string, Trend>;
}

export const pollInterval = 2000; // ms
export const rateCapacity = 60;

/** Returns a function that loads the overview and remembers the rates of the loads before. */
export function overviewLoader(): (signal: AbortSignal) => Promise<Overview> {
  let rate: Trend = [];
  let serverRates: ReadonlyMap<string, Trend> = new Map();
  return async (signal) => {
    const data = await request(document, { first: serversShown }, signal);
    rate = pushTrend(rate, data.platform.ingest.valuesPerSecond, rateCapacity);
    serverRates = new Map(
      data.servers.edges.map(({ node }) => [node.id, pushTrend(serverRates.get(node.id) ?? [], node.valuesPerSecond, rateCapacity)]),
    );
    return { ...data, rate, serverRates };
  };
}

const urgency: Record<ConnectionState, number> = { REFUSED: 0, RECONNECTING: 1, CONNECTING: 2, UNKNOWN: 3, CONNECTED: 4 };

/** Those that need somebody first, then by name. */
export function byUrgency(a: Server, b: Server): number {
  return urgency[a.connection.state] - urgency[b.connection.state] || a.name.localeCompare(b.name, 'en', { numeric: true });
}

type Trust = Pick<Server, 'securityMode' | 'trustedThumbprints'> & { connection: Pick<Server['connection'], 'state' | 'thumbprint'> };

/** The thumbprint that the server has shown and nobody has trusted yet, if that is what keeps it from connecting. */
export function untrustedThumbprint({ connection, securityMode, trustedThumbprints }: Trust): string | undefined {
  const { state, thumbprint } = connection;
  if (!thumbprint || state === 'CONNECTED' || securityMode === 'NONE') return undefined;
  return trustedThumbprints.some((t) => hex(t) === hex(thumbprint)) ? undefined : thumbprint;
}

function hex(thumbprint: string): string {
  return thumbprint.toLowerCase().replace(/[^0-9a-f]/g, '');
}
