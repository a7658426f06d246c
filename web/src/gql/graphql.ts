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

/** Where a discovery looks for servers when it is given no ranges. */
export type DiscoveryMode =
  /** Nothing is scanned: only discoveryUrls are asked. */
  | 'OFF'
  /** The gateway's own addresses, all ports. */
  | 'LOCAL'
  /** The 256 addresses around each of the gateway's own, the ports that servers commonly have. */
  | 'FAST'
  /** The whole networks of the gateway, the ports 4840 and 4841. */
  | 'NETWORK'
  /** The whole networks of the gateway, all ports from 1024 on but those of other protocols that a probe could disturb. */
  | 'SCAN';

/** What a discovery does now. The last three are final. */
export type DiscoveryPhase =
  | 'PENDING'
  | 'NETWORKS'
  | 'PORTS'
  | 'SERVERS'
  | 'FINISHED'
  | 'CANCELLED'
  | 'FAILED';

export type ApplicationType =
  | 'SERVER'
  | 'CLIENT'
  | 'CLIENT_AND_SERVER'
  | 'DISCOVERY_SERVER';

export type UserTokenType =
  | 'ANONYMOUS'
  | 'USER_NAME'
  | 'CERTIFICATE'
  | 'ISSUED_TOKEN';

export type ApplicationFilter = {
  gateway?: string | null | undefined;
  type?: ApplicationType | null | undefined;
  /** Part of the name, the application URI, the product URI or an address, in any case. */
  text?: string | null | undefined;
  capability?: string | null | undefined;
  /** true: only those that are not seen any more; false: only those that are seen. */
  notSeen?: boolean | null | undefined;
  /** true: only those that are a server of the registry; false: only those that are not. */
  added?: boolean | null | undefined;
};

/** Where and how to look. What is left out has the defaults of OPC Publisher. Ranges stand in place of those of the mode. */
export type DiscoverInput = {
  /** The gateway that looks; left out, the one in this process. For scheduleDiscovery it is left out. */
  gateway?: string | null | undefined;
  /** Left out, FAST, or OFF when only discoveryUrls are given. */
  mode?: DiscoveryMode | null | undefined;
  /** For example "10.0.0.0/24; 10.1.0.5-10.1.0.9; *\/24; *[eth0]; fd00::10-fd00::20": * stands for the gateway's own networks. */
  addressRangesToScan?: string | null | undefined;
  /** For example "4840-4850; 50000; *-1024". */
  portRangesToScan?: string | null | undefined;
  /** For the look whether an address is in use: 3s, and 100 at a time. */
  networkProbeTimeout?: string | null | undefined;
  maxNetworkProbes?: number | null | undefined;
  /** For connecting and greeting: 5s, and 1000 at a time, but at least 80 percent of them when this machine runs out of sockets. */
  portProbeTimeout?: string | null | undefined;
  maxPortProbes?: number | null | undefined;
  minPortProbesPercent?: number | null | undefined;
  /** 2000. It paces what leaves the gateway. */
  maxProbesPerSecond?: number | null | undefined;
  /** The pause of a schedule: 6h. */
  idleTimeBetweenScans?: string | null | undefined;
  /** Servers that are asked in any mode: "opc.tcp://10.0.0.5:4840". */
  discoveryUrls?: Array<string> | null | undefined;
  /** The wanted languages of names, the best first. */
  locales?: Array<string> | null | undefined;
  /** Ask the gateway's networks for servers that announce themselves (mDNS). Left out: when no address ranges are given. */
  multicast?: boolean | null | undefined;
  /** Contact servers outside the ranges, too, when a discovery server inside tells of them. */
  followReferrals?: boolean | null | undefined;
  /** Add the found servers that it matches to the registry. */
  activationFilter?: ActivationFilterInput | null | undefined;
};

/** What is left out matches everything. */
export type ActivationFilterInput = {
  /** A pattern in which * stands for any text: urn:acme:* */
  applicationUri?: string | null | undefined;
  /** BEST takes the most secure endpoint that matches the rest. */
  securityMode?: SecurityMode | null | undefined;
  securityPolicies?: Array<string> | null | undefined;
  /** With it, only servers that show one of these certificates are added, and they are trusted. */
  trustedThumbprints?: Array<string> | null | undefined;
};

export type AddDiscoveredServerInput = {
  /** The id of the application. */
  application: string;
  /** The address of one of its endpoints; left out, the most secure one is taken. */
  endpointUrl?: string | null | undefined;
  securityMode?: SecurityMode | null | undefined;
  securityPolicy?: string | null | undefined;
  /** Left out, the application's name. */
  name?: string | null | undefined;
  /** Left out, it is made from the name. */
  id?: string | null | undefined;
  /** Trusts the certificate with this SHA-1 thumbprint. Compare it with the machine's own display first. */
  trustedThumbprint?: string | null | undefined;
};

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

export type AddDiscoveredServerMutationVariables = Exact<{
  input: AddDiscoveredServerInput;
}>;


export type AddDiscoveredServerMutation = { addDiscoveredServer: { id: string } };

export type BadNodesQueryVariables = Exact<{
  server: string;
  first: number;
}>;


export type BadNodesQuery = { server: { badNodes: { totalCount: number, edges: Array<{ node: { series: string, field: string, nodeId: string, state: NodeState, message: string | null, remedy: string | null, since: string | null, status: { name: string } } }> } | null } | null };

export type DeadLettersQueryVariables = Exact<{
  first: number;
}>;


export type DeadLettersQuery = { deadLetters: { pageInfo: { hasNextPage: boolean }, edges: Array<{ node: { id: string, time: string, reason: string, gateway: string, group: string, writer: string, contentType: string, size: number, sequence: string, head: string, text: string | null } }> } };

export type DiscoverMutationVariables = Exact<{
  input: DiscoverInput;
}>;


export type DiscoverMutation = { discover: { id: string } };

export type CancelDiscoveryMutationVariables = Exact<{
  id: string;
}>;


export type CancelDiscoveryMutation = { cancelDiscovery: { id: string } };

export type GatewaysQueryVariables = Exact<{
  first: number;
}>;


export type GatewaysQuery = { gateways: { totalCount: number, edges: Array<{ node: { id: string, version: string, link: { local: boolean, connected: boolean, heard: string | null }, buffer: { frames: string, bytes: string, maxBytes: string, oldest: string | null, dropped: string, forwardRate: number } | null, configurationState: { revision: number, inSync: boolean, outOfSync: Array<{ writer: string | null, server: string, reason: string }> } } }> } };

export type TrustServerCertificateMutationVariables = Exact<{
  server: string;
  thumbprint: string;
}>;


export type TrustServerCertificateMutation = { trustServerCertificate: { id: string } };

export type FoundApplicationsQueryVariables = Exact<{
  first: number;
  filter?: ApplicationFilter | null | undefined;
}>;


export type FoundApplicationsQuery = { applications: { totalCount: number, edges: Array<{ node: { id: string, applicationUri: string, productUri: string | null, name: string | null, type: ApplicationType, lastSeen: string, notSeenSince: string | null, gateway: { id: string }, endpoints: Array<{ url: string, securityMode: SecurityMode, securityPolicy: string, securityLevel: number, thumbprint: string | null, userTokens: Array<{ type: UserTokenType }> }>, server: { id: string, name: string, securityMode: SecurityMode, trustedThumbprints: Array<string>, connection: { state: ConnectionState, thumbprint: string | null, error: string | null } } | null } }> } };

export type DiscoveriesQueryVariables = Exact<{
  gateways: number;
  discoveries: number;
}>;


export type DiscoveriesQuery = { gateways: { edges: Array<{ node: { id: string, link: { local: boolean, connected: boolean }, discoverySchedule: { config: { mode: DiscoveryMode, addressRangesToScan: string | null, portRangesToScan: string | null, discoveryUrls: Array<string>, idleTimeBetweenScans: string } } | null } }> }, discoveries: { edges: Array<{ node: { id: string, scheduled: boolean, requested: string, started: string | null, ended: string | null, notes: Array<string>, gateway: { id: string }, config: { mode: DiscoveryMode, addressRangesToScan: string | null, portRangesToScan: string | null, discoveryUrls: Array<string> }, progress: { phase: DiscoveryPhase, done: string, total: string, found: number, applications: number, current: string | null, error: string | null } } }> } };

export type DiscoverySubscriptionVariables = Exact<{
  id: string;
}>;


export type DiscoverySubscription = { discovery: { phase: DiscoveryPhase, done: string, total: string, found: number, applications: number, current: string | null, error: string | null } };

export type ScheduleDiscoveryMutationVariables = Exact<{
  gateway: string;
  input?: DiscoverInput | null | undefined;
}>;


export type ScheduleDiscoveryMutation = { scheduleDiscovery: { gateway: { id: string } } | null };

export type HealthQueryVariables = Exact<{ [key: string]: never; }>;


export type HealthQuery = { alarms: Array<{ id: string, severity: AlarmSeverity, since: string, message: string, remedy: string }>, limits: Array<{ id: string, name: string, current: number, limit: number, unit: LimitUnit, state: LimitState, consequence: string }> };

export type OverviewQueryVariables = Exact<{
  first: number;
}>;


export type OverviewQuery = { platform: { version: string, started: string, ingest: { valuesPerSecond: number, values: string, frames: string, deadFrames: string, screenedValues: string, backlog: string, series: number } }, servers: { totalCount: number, edges: Array<{ node: { id: string, name: string, endpointUrl: string, securityMode: SecurityMode, securityPolicy: string | null, userName: string | null, trustedThumbprints: Array<string>, valuesPerSecond: number, gateway: { id: string }, connection: { state: ConnectionState, since: string | null, error: string | null, thumbprint: string | null, securityMode: SecurityMode | null, securityPolicy: string | null, monitoredItems: number, badItems: number, reconnects: string, lostNotifications: string } } }> } };

export type NewestEventsQueryVariables = Exact<{
  first: number;
}>;


export type NewestEventsQuery = { events: { edges: Array<{ node:
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
        | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
       }> } };

export type EventsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type EventsSubscription = { events:
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
    | { id: string, gateway: string, server: string, time: string | null, severity: number | null, sourceName: string | null, eventType: string | null, eventTypeName: string | null, retain: boolean | null, message: { text: string } | null }
   };

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
export const AddDiscoveredServerDocument = new TypedDocumentString(`
    mutation AddDiscoveredServer($input: AddDiscoveredServerInput!) {
  addDiscoveredServer(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<AddDiscoveredServerMutation, AddDiscoveredServerMutationVariables>;
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
export const DiscoverDocument = new TypedDocumentString(`
    mutation Discover($input: DiscoverInput!) {
  discover(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<DiscoverMutation, DiscoverMutationVariables>;
export const CancelDiscoveryDocument = new TypedDocumentString(`
    mutation CancelDiscovery($id: ID!) {
  cancelDiscovery(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<CancelDiscoveryMutation, CancelDiscoveryMutationVariables>;
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
export const FoundApplicationsDocument = new TypedDocumentString(`
    query FoundApplications($first: Int!, $filter: ApplicationFilter) {
  applications(first: $first, filter: $filter) {
    totalCount
    edges {
      node {
        id
        gateway {
          id
        }
        applicationUri
        productUri
        name
        type
        endpoints {
          url
          securityMode
          securityPolicy
          securityLevel
          thumbprint
          userTokens {
            type
          }
        }
        lastSeen
        notSeenSince
        server {
          id
          name
          securityMode
          trustedThumbprints
          connection {
            state
            thumbprint
            error
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FoundApplicationsQuery, FoundApplicationsQueryVariables>;
export const DiscoveriesDocument = new TypedDocumentString(`
    query Discoveries($gateways: Int!, $discoveries: Int!) {
  gateways(first: $gateways) {
    edges {
      node {
        id
        link {
          local
          connected
        }
        discoverySchedule {
          config {
            mode
            addressRangesToScan
            portRangesToScan
            discoveryUrls
            idleTimeBetweenScans
          }
        }
      }
    }
  }
  discoveries(first: $discoveries) {
    edges {
      node {
        id
        gateway {
          id
        }
        scheduled
        requested
        started
        ended
        config {
          mode
          addressRangesToScan
          portRangesToScan
          discoveryUrls
        }
        progress {
          phase
          done
          total
          found
          applications
          current
          error
        }
        notes
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DiscoveriesQuery, DiscoveriesQueryVariables>;
export const DiscoveryDocument = new TypedDocumentString(`
    subscription Discovery($id: ID!) {
  discovery(id: $id) {
    phase
    done
    total
    found
    applications
    current
    error
  }
}
    `) as unknown as TypedDocumentString<DiscoverySubscription, DiscoverySubscriptionVariables>;
export const ScheduleDiscoveryDocument = new TypedDocumentString(`
    mutation ScheduleDiscovery($gateway: ID!, $input: DiscoverInput) {
  scheduleDiscovery(gateway: $gateway, input: $input) {
    gateway {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<ScheduleDiscoveryMutation, ScheduleDiscoveryMutationVariables>;
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
export const NewestEventsDocument = new TypedDocumentString(`
    query NewestEvents($first: Int!) {
  events(first: $first) {
    edges {
      node {
        id
        gateway
        server
        time
        severity
        sourceName
        eventType
        eventTypeName
        retain
        message {
          text
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<NewestEventsQuery, NewestEventsQueryVariables>;
export const EventsDocument = new TypedDocumentString(`
    subscription Events {
  events {
    id
    gateway
    server
    time
    severity
    sourceName
    eventType
    eventTypeName
    retain
    message {
      text
    }
  }
}
    `) as unknown as TypedDocumentString<EventsSubscription, EventsSubscriptionVariables>;
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