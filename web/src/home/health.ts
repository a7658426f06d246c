import { request } from '../api/request';
import { formatBytes, formatCount } from '../format';
import { graphql } from '../gql';
import type { HealthQuery } from '../gql/graphql';

export const healthInterval = 5000; // ms

const document = graphql(`
  query Health {
    alarms { id severity since message remedy }
    limits { id name current limit unit state consequence }
  }
`);

export type Alarm = HealthQuery['alarms'][number];
export type Limit = HealthQuery['limits'][number];

export function loadHealth(signal: AbortSignal): Promise<HealthQuery> {
  return request(document, {}, signal);
}

/** What is used of a limit, from 0 to 100; undefined when there is no bound. */
export function usedPercent({ current, limit }: Pick<Limit, 'current' | 'limit'>): number | undefined {
  return limit > 0 ? Math.min(100, Math.max(0, (100 * current) / limit)) : undefined;
}

/** "1.2 GB of 20 GB", "312 of 1 000 000 series". */
export function usedText({ current, limit, unit }: Pick<Limit, 'current' | 'limit' | 'unit'>): string {
  const amount = unit === 'BYTES' ? formatBytes : formatCount;
  const what = unit === 'BYTES' || unit === 'ITEMS' ? '' : ` ${unit.toLowerCase()}`;
  return limit > 0 ? `${amount(current)} of ${amount(limit)}${what}` : `${amount(current)}${what}`;
}
