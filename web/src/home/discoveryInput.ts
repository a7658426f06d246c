import type { DiscoverInput, DiscoveryMode } from '../gql/graphql';
import type { Problems } from './placeProblem';

export interface DiscoveryFields {
  gateway: string;
  mode: DiscoveryMode;
  addressRangesToScan: string;
  portRangesToScan: string;
  /** Separated by spaces, commas or semicolons. */
  discoveryUrls: string;
  /** The pause between two of a schedule, "6h"; empty for one discovery at once. */
  idleTimeBetweenScans: string;
}

export function readDiscovery(form: FormData): DiscoveryFields {
  const text = (name: keyof DiscoveryFields) => String(form.get(name) ?? '').trim();
  return {
    gateway: text('gateway'),
    mode: text('mode') as DiscoveryMode,
    addressRangesToScan: text('addressRangesToScan'),
    portRangesToScan: text('portRangesToScan'),
    discoveryUrls: text('discoveryUrls'),
    idleTimeBetweenScans: text('idleTimeBetweenScans'),
  };
}

/** What can be said without asking the platform. */
export function validateDiscovery(fields: DiscoveryFields): Problems<DiscoveryFields> {
  const urls = discoveryUrls(fields);
  const wrong = urls.find((url) => !/^opc\.tcp:\/\/[^/\s]+/.test(url));
  if (wrong) return { discoveryUrls: `“${wrong}” is no address of a server: write opc.tcp://10.0.0.5:4840` };
  if (fields.mode === 'OFF' && !fields.addressRangesToScan && urls.length === 0) {
    return { discoveryUrls: 'With the mode Off nothing is scanned: name the servers to ask, or choose another mode' };
  }
  return {};
}

/** The input without the gateway. What is left empty has the platform's defaults. */
export function discoverInput(fields: DiscoveryFields): DiscoverInput {
  const input: DiscoverInput = { mode: fields.mode };
  for (const name of ['addressRangesToScan', 'portRangesToScan', 'idleTimeBetweenScans'] as const) {
    if (fields[name]) input[name] = fields[name];
  }
  const urls = discoveryUrls(fields);
  if (urls.length > 0) input.discoveryUrls = urls;
  return input;
}

function discoveryUrls(fields: DiscoveryFields): string[] {
  return fields.discoveryUrls.split(/[\s,;]+/).filter(Boolean);
}
