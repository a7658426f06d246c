import { request } from '../api/request';
import { formatEnum } from '../format';
import { graphql } from '../gql';
import type { ApplicationFilter, FoundApplicationsQuery, SecurityMode } from '../gql/graphql';

export const applicationsShown = 50;
export const applicationsInterval = 5000; // ms

const document = graphql(`
  query FoundApplications($first: Int!, $filter: ApplicationFilter) {
    applications(first: $first, filter: $filter) {
      totalCount
      edges {
        node {
          id
          gateway { id }
          applicationUri
          productUri
          name
          type
          endpoints { url securityMode securityPolicy securityLevel thumbprint userTokens { type } }
          lastSeen
          notSeenSince
          server {
            id
            name
            securityMode
            trustedThumbprints
            connection { state thumbprint error }
          }
        }
      }
    }
  }
`);

export type Applications = FoundApplicationsQuery['applications'];
export type Application = Applications['edges'][number]['node'];
export type Endpoint = Application['endpoints'][number];

/** Which of the found applications are shown. */
export type Show = 'all' | 'new' | 'gone';

export function applicationsLoader(show: Show, text: string): (signal: AbortSignal) => Promise<Applications> {
  const filter: ApplicationFilter = {};
  if (text) filter.text = text;
  if (show === 'new') filter.added = false;
  if (show === 'gone') filter.notSeen = true;
  return async (signal) => (await request(document, { first: applicationsShown, filter }, signal)).applications;
}

const protection: Record<SecurityMode, number> = { SIGN_AND_ENCRYPT: 3, SIGN: 2, NONE: 1, BEST: 0 };

/** The most secure endpoint first: by its mode, then by the level that the server gives it. */
export function bySecurity(a: Endpoint, b: Endpoint): number {
  return protection[b.securityMode] - protection[a.securityMode] || b.securityLevel - a.securityLevel;
}

/** "Sign and encrypt · Basic256Sha256", "None". */
export function securityText({ securityMode, securityPolicy }: Pick<Endpoint, 'securityMode' | 'securityPolicy'>): string {
  const mode = formatEnum(securityMode);
  return securityPolicy && securityPolicy !== 'None' ? `${mode} · ${securityPolicy}` : mode;
}

/** A server that tells no ways to log in takes anybody; one that tells some has to name the anonymous. */
export function takesAnonymous({ userTokens }: Pick<Endpoint, 'userTokens'>): boolean {
  return userTokens.length === 0 || userTokens.some(({ type }) => type === 'ANONYMOUS');
}

/** Those that are a server, or can be added as one. */
export function isServer({ type, endpoints }: Pick<Application, 'type' | 'endpoints'>): boolean {
  return type !== 'CLIENT' && endpoints.length > 0;
}
