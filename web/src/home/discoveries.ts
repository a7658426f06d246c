import { request } from '../api/request';
import { formatCount } from '../format';
import { graphql } from '../gql';
import type { DiscoveriesQuery, DiscoveryMode, DiscoveryPhase, DiscoverySubscription } from '../gql/graphql';

export const discoveriesInterval = 5000; // ms
const discoveriesShown = 6;
const gatewaysShown = 100;

const document = graphql(`
  query Discoveries($gateways: Int!, $discoveries: Int!) {
    gateways(first: $gateways) {
      edges {
        node {
          id
          link { local connected }
          discoverySchedule {
            config { mode addressRangesToScan portRangesToScan discoveryUrls idleTimeBetweenScans }
          }
        }
      }
    }
    discoveries(first: $discoveries) {
      edges {
        node {
          id
          gateway { id }
          scheduled
          requested
          started
          ended
          config { mode addressRangesToScan portRangesToScan discoveryUrls }
          progress { phase done total found applications current error }
          notes
        }
      }
    }
  }
`);

export const progressDocument = graphql(`
  subscription Discovery($id: ID!) {
    discovery(id: $id) { phase done total found applications current error }
  }
`);

export const scheduleDocument = graphql(`
  mutation ScheduleDiscovery($gateway: ID!, $input: DiscoverInput) {
    scheduleDiscovery(gateway: $gateway, input: $input) { gateway { id } }
  }
`);

export type Discovery = DiscoveriesQuery['discoveries']['edges'][number]['node'];
export type DiscoveryGateway = DiscoveriesQuery['gateways']['edges'][number]['node'];
export type Progress = DiscoverySubscription['discovery'];

export function loadDiscoveries(signal: AbortSignal): Promise<DiscoveriesQuery> {
  return request(document, { gateways: gatewaysShown, discoveries: discoveriesShown }, signal);
}

export const modeTexts: Record<DiscoveryMode, { text: string; hint: string }> = {
  FAST: { text: 'Fast', hint: 'The 256 addresses around each of the gateway’s own, the ports that servers commonly have.' },
  LOCAL: { text: 'Local', hint: 'The gateway’s own addresses, all ports.' },
  NETWORK: { text: 'Network', hint: 'The whole networks of the gateway, the ports 4840 and 4841.' },
  SCAN: { text: 'Scan', hint: 'The whole networks of the gateway, all ports from 1024 on but those that a probe could disturb. It takes long.' },
  OFF: { text: 'Off', hint: 'Nothing is scanned: only the servers named below are asked.' },
};

export const phaseTexts: Record<DiscoveryPhase, string> = {
  PENDING: 'Waiting for the gateway',
  NETWORKS: 'Looking which addresses are in use',
  PORTS: 'Looking for open ports',
  SERVERS: 'Asking servers who they are',
  FINISHED: 'Finished',
  CANCELLED: 'Cancelled',
  FAILED: 'Failed',
};

export function isFinal(phase: DiscoveryPhase): boolean {
  return phase === 'FINISHED' || phase === 'CANCELLED' || phase === 'FAILED';
}

/** What a discovery looks at: "Fast", "10.0.0.0/24 · ports 4840-4850 · opc.tcp://lds:4840". Ranges stand in place of those of the mode. */
export function scopeText({ mode, addressRangesToScan, portRangesToScan, discoveryUrls }: Omit<Discovery['config'], '__typename'>): string {
  const parts = [];
  if (addressRangesToScan) parts.push(addressRangesToScan);
  else if (mode !== 'OFF') parts.push(modeTexts[mode].text);
  if (portRangesToScan) parts.push(`ports ${portRangesToScan}`);
  parts.push(...discoveryUrls);
  return parts.join(' · ');
}

/** What answered, and what told who it is: "3 addresses answered, 2 applications". */
export function foundText({ found, applications }: Pick<Progress, 'found' | 'applications'>): string {
  if (found === 0 && applications === 0) return 'nothing found';
  const addresses = found === 1 ? '1 address' : `${formatCount(found)} addresses`;
  return `${addresses} answered, ${applications === 1 ? '1 application' : `${formatCount(applications)} applications`}`;
}

/** How much of a phase is done, from 0 to 1; undefined while that is not known. */
export function donePart({ done, total }: Pick<Progress, 'done' | 'total'>): number | undefined {
  const all = Number(total);
  return all > 0 ? Math.min(1, Number(done) / all) : undefined;
}

/** A duration of the platform with a space before its unit: "6 h". */
export function formatPause(duration: string): string {
  return duration.replace(/(\d)([a-z])/g, '$1\u00a0$2');
}
