/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type Severity =
  | 'GOOD'
  | 'UNCERTAIN'
  | 'BAD';

/** How a published node stands: the desired state against the actual one. */
export type NodeState =
  /** The server monitors it, and its newest value is not Bad. */
  | 'ACTIVE'
  /** It is wanted, and the server has not answered yet. */
  | 'CREATING'
  /** The server is not connected; why stands in its connection. */
  | 'DISCONNECTED'
  /** The server monitors it and sends no value although one is due. */
  | 'LATE'
  /** Its queue at the server overflowed within the last minute, so values were lost. */
  | 'OVERFLOW'
  /** The server refuses it, or its newest value is Bad. What was refused is tried again by itself. */
  | 'BAD';

export type LimitUnit =
  | 'BYTES'
  | 'SERIES'
  | 'FRAMES'
  | 'ITEMS';

export type LimitState =
  | 'FAR'
  /** 80 % or more are used. */
  | 'NEAR'
  | 'REACHED';

export type AlarmSeverity =
  /** Nothing is lost yet, somebody should act soon. */
  | 'WARNING'
  /** Values are being lost or held back now. */
  | 'CRITICAL';

export type SeriesFilter = {
  ids?: Array<string> | null | undefined;
  gateway?: string | null | undefined;
  server?: string | null | undefined;
  group?: string | null | undefined;
  writer?: string | null | undefined;
  /** An RE2 expression that the whole field name must match. */
  field?: string | null | undefined;
  /** An RE2 expression that the whole browse path must match, "Objects/Plant/Boiler1/.*". */
  path?: string | null | undefined;
  nodeIds?: Array<string> | null | undefined;
};

export type ConnectionState =
  | 'UNKNOWN'
  | 'CONNECTING'
  | 'CONNECTED'
  | 'RECONNECTING'
  | 'REFUSED';

export type SecurityMode =
  | 'BEST'
  | 'NONE'
  | 'SIGN'
  | 'SIGN_AND_ENCRYPT';

export type AddServerInput = {
  /** Lower-case letters, digits, '-', '_' and '.', at most 64. Left out, it is made from the name. */
  id?: string | null | undefined;
  name: string;
  /** The gateway that connects to it; left out, the one in this process. */
  gateway?: string | null | undefined;
  /** For example opc.tcp://10.0.0.5:4840 */
  endpointUrl: string;
  securityMode?: SecurityMode | null | undefined;
  /** Basic256Sha256, Aes128_Sha256_RsaOaep or Aes256_Sha256_RsaPss; left out, the best that the server offers. */
  securityPolicy?: string | null | undefined;
  userName?: string | null | undefined;
  /** Stored encrypted and never returned. */
  password?: string | null | undefined;
  trustedThumbprints?: Array<string> | null | undefined;
};

export type AddServerMutationVariables = Exact<{
  input: AddServerInput;
}>;


export type AddServerMutation = { addServer: { id: string } };

export type BadNodesQueryVariables = Exact<{
  server: string;
  first: number;
}>;


export type BadNodesQuery = { server: { badNodes: { totalCount: number, edges: Array<{ node: { series: string, field: string, nodeId: string, state: NodeState, message: string | null, remedy: string | null, since: string | null, status: { name: string } } }> } | null } | null };

export type DeadLettersQueryVariables = Exact<{
  first: number;
}>;


export type DeadLettersQuery = { deadLetters: { pageInfo: { hasNextPage: boolean }, edges: Array<{ node: { id: string, time: string, reason: string, gateway: string, group: string, writer: string, contentType: string, size: number, sequence: string, head: string, text: string | null } }> } };

export type GatewaysQueryVariables = Exact<{
  first: number;
}>;


export type GatewaysQuery = { gateways: { totalCount: number, edges: Array<{ node: { id: string, version: string, link: { local: boolean, connected: boolean, heard: string | null }, buffer: { frames: string, bytes: string, maxBytes: string, oldest: string | null, dropped: string, forwardRate: number } | null, configurationState: { revision: number, inSync: boolean, outOfSync: Array<{ writer: string | null, server: string, reason: string }> } } }> } };

export type TrustServerCertificateMutationVariables = Exact<{
  server: string;
  thumbprint: string;
}>;


export type TrustServerCertificateMutation = { trustServerCertificate: { id: string } };

export type HealthQueryVariables = Exact<{ [key: string]: never; }>;


export type HealthQuery = { alarms: Array<{ id: string, severity: AlarmSeverity, since: string, message: string, remedy: string }>, limits: Array<{ id: string, name: string, current: number, limit: number, unit: LimitUnit, state: LimitState, consequence: string }> };

export type OverviewQueryVariables = Exact<{
  first: number;
}>;


export type OverviewQuery = { platform: { version: string, started: string, ingest: { valuesPerSecond: number, values: string, frames: string, deadFrames: string, screenedValues: string, backlog: string, series: number } }, servers: { totalCount: number, edges: Array<{ node: { id: string, name: string, endpointUrl: string, securityMode: SecurityMode, securityPolicy: string | null, userName: string | null, trustedThumbprints: Array<string>, valuesPerSecond: number, gateway: { id: string }, connection: { state: ConnectionState, since: string | null, error: string | null, thumbprint: string | null, securityMode: SecurityMode | null, securityPolicy: string | null, monitoredItems: number, badItems: number, reconnects: string, lostNotifications: string } } }> } };

export type LiveSeriesQueryVariables = Exact<{
  filter?: SeriesFilter | null | undefined;
  first: number;
}>;


export type LiveSeriesQuery = { series: { pageInfo: { hasNextPage: boolean }, edges: Array<{ node: { id: string, server: string, group: string, writer: string, field: string, path: string | null, unit: string | null, labels: Record<string, string>, latest: { value: unknown, dataType: string | null, sourceTimestamp: string | null, serverTimestamp: string | null, status: { name: string, severity: Severity } } | null } }> } };

export type TelemetrySubscriptionVariables = Exact<{
  ids: Array<string> | string;
  maxRate: number;
}>;


export type TelemetrySubscription = { telemetry: { values: Array<{ series: string, value: { value: unknown, dataType: string | null, sourceTimestamp: string | null, serverTimestamp: string | null, status: { name: string, severity: Severity } } }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const AddServerDocument = new TypedDocumentString(`
    mutation AddServer($input: AddServerInput!) {
  addServer(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<AddServerMutation, AddServerMutationVariables>;
export const BadNodesDocument = new TypedDocumentString(`
    query BadNodes($server: ID!, $first: Int!) {
  server(id: $server) {
    badNodes(first: $first) {
      totalCount
      edges {
        node {
          series
          field
          nodeId
          state
          status {
            name
          }
          message
          remedy
          since
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<BadNodesQuery, BadNodesQueryVariables>;
export const DeadLettersDocument = new TypedDocumentString(`
    query DeadLetters($first: Int!) {
  deadLetters(first: $first) {
    pageInfo {
      hasNextPage
    }
    edges {
      node {
        id
        time
        reason
        gateway
        group
        writer
        contentType
        size
        sequence
        head
        text
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DeadLettersQuery, DeadLettersQueryVariables>;
export const GatewaysDocument = new TypedDocumentString(`
    query Gateways($first: Int!) {
  gateways(first: $first) {
    totalCount
    edges {
      node {
        id
        version
        link {
          local
          connected
          heard
        }
        buffer {
          frames
          bytes
          maxBytes
          oldest
          dropped
          forwardRate
        }
        configurationState {
          revision
          inSync
          outOfSync {
            writer
            server
            reason
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<GatewaysQuery, GatewaysQueryVariables>;
export const TrustServerCertificateDocument = new TypedDocumentString(`
    mutation TrustServerCertificate($server: ID!, $thumbprint: String!) {
  trustServerCertificate(server: $server, thumbprint: $thumbprint) {
    id
  }
}
    `) as unknown as TypedDocumentString<TrustServerCertificateMutation, TrustServerCertificateMutationVariables>;
export const HealthDocument = new TypedDocumentString(`
    query Health {
  alarms {
    id
    severity
    since
    message
    remedy
  }
  limits {
    id
    name
    current
    limit
    unit
    state
    consequence
  }
}
    `) as unknown as TypedDocumentString<HealthQuery, HealthQueryVariables>;
export const OverviewDocument = new TypedDocumentString(`
    query Overview($first: Int!) {
  platform {
    version
    started
    ingest {
      valuesPerSecond
      values
      frames
      deadFrames
      screenedValues
      backlog
      series
    }
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
        gateway {
          id
        }
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
    `) as unknown as TypedDocumentString<OverviewQuery, OverviewQueryVariables>;
export const LiveSeriesDocument = new TypedDocumentString(`
    query LiveSeries($filter: SeriesFilter, $first: Int!) {
  series(filter: $filter, first: $first) {
    pageInfo {
      hasNextPage
    }
    edges {
      node {
        id
        server
        group
        writer
        field
        path
        unit
        labels
        latest {
          value
          dataType
          status {
            name
            severity
          }
          sourceTimestamp
          serverTimestamp
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<LiveSeriesQuery, LiveSeriesQueryVariables>;
export const TelemetryDocument = new TypedDocumentString(`
    subscription Telemetry($ids: [ID!]!, $maxRate: Float!) {
  telemetry(filter: {ids: $ids}, maxRate: $maxRate) {
    values {
      series
      value {
        value
        dataType
        status {
          name
          severity
        }
        sourceTimestamp
        serverTimestamp
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TelemetrySubscription, TelemetrySubscriptionVariables>;