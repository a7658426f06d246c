/* eslint-disable */
import * as types from './graphql';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation AddServer($input: AddServerInput!) {\n    addServer(input: $input) { id }\n  }\n": typeof types.AddServerDocument,
    "\n  mutation AddDiscoveredServer($input: AddDiscoveredServerInput!) {\n    addDiscoveredServer(input: $input) { id }\n  }\n": typeof types.AddDiscoveredServerDocument,
    "\n  query BadNodes($server: ID!, $first: Int!) {\n    server(id: $server) {\n      badNodes(first: $first) {\n        totalCount\n        edges { node { series field nodeId state status { name } message remedy since } }\n      }\n    }\n  }\n": typeof types.BadNodesDocument,
    "\n  query DeadLetters($first: Int!) {\n    deadLetters(first: $first) {\n      pageInfo { hasNextPage }\n      edges { node { id time reason gateway group writer contentType size sequence head text } }\n    }\n  }\n": typeof types.DeadLettersDocument,
    "\n  mutation Discover($input: DiscoverInput!) {\n    discover(input: $input) { id }\n  }\n": typeof types.DiscoverDocument,
    "\n  mutation CancelDiscovery($id: ID!) {\n    cancelDiscovery(id: $id) { id }\n  }\n": typeof types.CancelDiscoveryDocument,
    "\n  query Gateways($first: Int!) {\n    gateways(first: $first) {\n      totalCount\n      edges {\n        node {\n          id\n          version\n          link { local connected heard }\n          buffer { frames bytes maxBytes oldest dropped forwardRate }\n          configurationState { revision inSync outOfSync { writer server reason } }\n        }\n      }\n    }\n  }\n": typeof types.GatewaysDocument,
    "\n  mutation TrustServerCertificate($server: ID!, $thumbprint: String!) {\n    trustServerCertificate(server: $server, thumbprint: $thumbprint) { id }\n  }\n": typeof types.TrustServerCertificateDocument,
    "\n  query FoundApplications($first: Int!, $filter: ApplicationFilter) {\n    applications(first: $first, filter: $filter) {\n      totalCount\n      edges {\n        node {\n          id\n          gateway { id }\n          applicationUri\n          productUri\n          name\n          type\n          endpoints { url securityMode securityPolicy securityLevel thumbprint userTokens { type } }\n          lastSeen\n          notSeenSince\n          server {\n            id\n            name\n            securityMode\n            trustedThumbprints\n            connection { state thumbprint error }\n          }\n        }\n      }\n    }\n  }\n": typeof types.FoundApplicationsDocument,
    "\n  query Discoveries($gateways: Int!, $discoveries: Int!) {\n    gateways(first: $gateways) {\n      edges {\n        node {\n          id\n          link { local connected }\n          discoverySchedule {\n            config { mode addressRangesToScan portRangesToScan discoveryUrls idleTimeBetweenScans }\n          }\n        }\n      }\n    }\n    discoveries(first: $discoveries) {\n      edges {\n        node {\n          id\n          gateway { id }\n          scheduled\n          requested\n          started\n          ended\n          config { mode addressRangesToScan portRangesToScan discoveryUrls }\n          progress { phase done total found applications current error }\n          notes\n        }\n      }\n    }\n  }\n": typeof types.DiscoveriesDocument,
    "\n  subscription Discovery($id: ID!) {\n    discovery(id: $id) { phase done total found applications current error }\n  }\n": typeof types.DiscoveryDocument,
    "\n  mutation ScheduleDiscovery($gateway: ID!, $input: DiscoverInput) {\n    scheduleDiscovery(gateway: $gateway, input: $input) { gateway { id } }\n  }\n": typeof types.ScheduleDiscoveryDocument,
    "\n  query Health {\n    alarms { id severity since message remedy }\n    limits { id name current limit unit state consequence }\n  }\n": typeof types.HealthDocument,
    "\n  query Overview($first: Int!) {\n    platform {\n      version\n      started\n      ingest { valuesPerSecond values frames deadFrames screenedValues backlog series }\n    }\n    servers(first: $first) {\n      totalCount\n      edges {\n        node {\n          id\n          name\n          endpointUrl\n          securityMode\n          securityPolicy\n          userName\n          trustedThumbprints\n          valuesPerSecond\n          gateway { id }\n          connection {\n            state\n            since\n            error\n            thumbprint\n            securityMode\n            securityPolicy\n            monitoredItems\n            badItems\n            reconnects\n            lostNotifications\n          }\n        }\n      }\n    }\n  }\n": typeof types.OverviewDocument,
    "\n  query NewestEvents($first: Int!) {\n    events(first: $first) {\n      edges { node { id gateway server time severity sourceName eventType eventTypeName retain message { text } } }\n    }\n  }\n": typeof types.NewestEventsDocument,
    "\n  subscription Events {\n    events { id gateway server time severity sourceName eventType eventTypeName retain message { text } }\n  }\n": typeof types.EventsDocument,
    "\n  query LiveSeries($filter: SeriesFilter, $first: Int!) {\n    series(filter: $filter, first: $first) {\n      pageInfo { hasNextPage }\n      edges {\n        node {\n          id\n          server\n          group\n          writer\n          field\n          path\n          unit\n          labels\n          latest {\n            value\n            dataType\n            status { name severity }\n            sourceTimestamp\n            serverTimestamp\n          }\n        }\n      }\n    }\n  }\n": typeof types.LiveSeriesDocument,
    "\n  subscription Telemetry($ids: [ID!]!, $maxRate: Float!) {\n    telemetry(filter: { ids: $ids }, maxRate: $maxRate) {\n      values {\n        series\n        value {\n          value\n          dataType\n          status { name severity }\n          sourceTimestamp\n          serverTimestamp\n        }\n      }\n    }\n  }\n": typeof types.TelemetryDocument,
};
const documents: Documents = {
    "\n  mutation AddServer($input: AddServerInput!) {\n    addServer(input: $input) { id }\n  }\n": types.AddServerDocument,
    "\n  mutation AddDiscoveredServer($input: AddDiscoveredServerInput!) {\n    addDiscoveredServer(input: $input) { id }\n  }\n": types.AddDiscoveredServerDocument,
    "\n  query BadNodes($server: ID!, $first: Int!) {\n    server(id: $server) {\n      badNodes(first: $first) {\n        totalCount\n        edges { node { series field nodeId state status { name } message remedy since } }\n      }\n    }\n  }\n": types.BadNodesDocument,
    "\n  query DeadLetters($first: Int!) {\n    deadLetters(first: $first) {\n      pageInfo { hasNextPage }\n      edges { node { id time reason gateway group writer contentType size sequence head text } }\n    }\n  }\n": types.DeadLettersDocument,
    "\n  mutation Discover($input: DiscoverInput!) {\n    discover(input: $input) { id }\n  }\n": types.DiscoverDocument,
    "\n  mutation CancelDiscovery($id: ID!) {\n    cancelDiscovery(id: $id) { id }\n  }\n": types.CancelDiscoveryDocument,
    "\n  query Gateways($first: Int!) {\n    gateways(first: $first) {\n      totalCount\n      edges {\n        node {\n          id\n          version\n          link { local connected heard }\n          buffer { frames bytes maxBytes oldest dropped forwardRate }\n          configurationState { revision inSync outOfSync { writer server reason } }\n        }\n      }\n    }\n  }\n": types.GatewaysDocument,
    "\n  mutation TrustServerCertificate($server: ID!, $thumbprint: String!) {\n    trustServerCertificate(server: $server, thumbprint: $thumbprint) { id }\n  }\n": types.TrustServerCertificateDocument,
    "\n  query FoundApplications($first: Int!, $filter: ApplicationFilter) {\n    applications(first: $first, filter: $filter) {\n      totalCount\n      edges {\n        node {\n          id\n          gateway { id }\n          applicationUri\n          productUri\n          name\n          type\n          endpoints { url securityMode securityPolicy securityLevel thumbprint userTokens { type } }\n          lastSeen\n          notSeenSince\n          server {\n            id\n            name\n            securityMode\n            trustedThumbprints\n            connection { state thumbprint error }\n          }\n        }\n      }\n    }\n  }\n": types.FoundApplicationsDocument,
    "\n  query Discoveries($gateways: Int!, $discoveries: Int!) {\n    gateways(first: $gateways) {\n      edges {\n        node {\n          id\n          link { local connected }\n          discoverySchedule {\n            config { mode addressRangesToScan portRangesToScan discoveryUrls idleTimeBetweenScans }\n          }\n        }\n      }\n    }\n    discoveries(first: $discoveries) {\n      edges {\n        node {\n          id\n          gateway { id }\n          scheduled\n          requested\n          started\n          ended\n          config { mode addressRangesToScan portRangesToScan discoveryUrls }\n          progress { phase done total found applications current error }\n          notes\n        }\n      }\n    }\n  }\n": types.DiscoveriesDocument,
    "\n  subscription Discovery($id: ID!) {\n    discovery(id: $id) { phase done total found applications current error }\n  }\n": types.DiscoveryDocument,
    "\n  mutation ScheduleDiscovery($gateway: ID!, $input: DiscoverInput) {\n    scheduleDiscovery(gateway: $gateway, input: $input) { gateway { id } }\n  }\n": types.ScheduleDiscoveryDocument,
    "\n  query Health {\n    alarms { id severity since message remedy }\n    limits { id name current limit unit state consequence }\n  }\n": types.HealthDocument,
    "\n  query Overview($first: Int!) {\n    platform {\n      version\n      started\n      ingest { valuesPerSecond values frames deadFrames screenedValues backlog series }\n    }\n    servers(first: $first) {\n      totalCount\n      edges {\n        node {\n          id\n          name\n          endpointUrl\n          securityMode\n          securityPolicy\n          userName\n          trustedThumbprints\n          valuesPerSecond\n          gateway { id }\n          connection {\n            state\n            since\n            error\n            thumbprint\n            securityMode\n            securityPolicy\n            monitoredItems\n            badItems\n            reconnects\n            lostNotifications\n          }\n        }\n      }\n    }\n  }\n": types.OverviewDocument,
    "\n  query NewestEvents($first: Int!) {\n    events(first: $first) {\n      edges { node { id gateway server time severity sourceName eventType eventTypeName retain message { text } } }\n    }\n  }\n": types.NewestEventsDocument,
    "\n  subscription Events {\n    events { id gateway server time severity sourceName eventType eventTypeName retain message { text } }\n  }\n": types.EventsDocument,
    "\n  query LiveSeries($filter: SeriesFilter, $first: Int!) {\n    series(filter: $filter, first: $first) {\n      pageInfo { hasNextPage }\n      edges {\n        node {\n          id\n          server\n          group\n          writer\n          field\n          path\n          unit\n          labels\n          latest {\n            value\n            dataType\n            status { name severity }\n            sourceTimestamp\n            serverTimestamp\n          }\n        }\n      }\n    }\n  }\n": types.LiveSeriesDocument,
    "\n  subscription Telemetry($ids: [ID!]!, $maxRate: Float!) {\n    telemetry(filter: { ids: $ids }, maxRate: $maxRate) {\n      values {\n        series\n        value {\n          value\n          dataType\n          status { name severity }\n          sourceTimestamp\n          serverTimestamp\n        }\n      }\n    }\n  }\n": types.TelemetryDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AddServer($input: AddServerInput!) {\n    addServer(input: $input) { id }\n  }\n"): typeof import('./graphql').AddServerDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AddDiscoveredServer($input: AddDiscoveredServerInput!) {\n    addDiscoveredServer(input: $input) { id }\n  }\n"): typeof import('./graphql').AddDiscoveredServerDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query BadNodes($server: ID!, $first: Int!) {\n    server(id: $server) {\n      badNodes(first: $first) {\n        totalCount\n        edges { node { series field nodeId state status { name } message remedy since } }\n      }\n    }\n  }\n"): typeof import('./graphql').BadNodesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DeadLetters($first: Int!) {\n    deadLetters(first: $first) {\n      pageInfo { hasNextPage }\n      edges { node { id time reason gateway group writer contentType size sequence head text } }\n    }\n  }\n"): typeof import('./graphql').DeadLettersDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Discover($input: DiscoverInput!) {\n    discover(input: $input) { id }\n  }\n"): typeof import('./graphql').DiscoverDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelDiscovery($id: ID!) {\n    cancelDiscovery(id: $id) { id }\n  }\n"): typeof import('./graphql').CancelDiscoveryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Gateways($first: Int!) {\n    gateways(first: $first) {\n      totalCount\n      edges {\n        node {\n          id\n          version\n          link { local connected heard }\n          buffer { frames bytes maxBytes oldest dropped forwardRate }\n          configurationState { revision inSync outOfSync { writer server reason } }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').GatewaysDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TrustServerCertificate($server: ID!, $thumbprint: String!) {\n    trustServerCertificate(server: $server, thumbprint: $thumbprint) { id }\n  }\n"): typeof import('./graphql').TrustServerCertificateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FoundApplications($first: Int!, $filter: ApplicationFilter) {\n    applications(first: $first, filter: $filter) {\n      totalCount\n      edges {\n        node {\n          id\n          gateway { id }\n          applicationUri\n          productUri\n          name\n          type\n          endpoints { url securityMode securityPolicy securityLevel thumbprint userTokens { type } }\n          lastSeen\n          notSeenSince\n          server {\n            id\n            name\n            securityMode\n            trustedThumbprints\n            connection { state thumbprint error }\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').FoundApplicationsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Discoveries($gateways: Int!, $discoveries: Int!) {\n    gateways(first: $gateways) {\n      edges {\n        node {\n          id\n          link { local connected }\n          discoverySchedule {\n            config { mode addressRangesToScan portRangesToScan discoveryUrls idleTimeBetweenScans }\n          }\n        }\n      }\n    }\n    discoveries(first: $discoveries) {\n      edges {\n        node {\n          id\n          gateway { id }\n          scheduled\n          requested\n          started\n          ended\n          config { mode addressRangesToScan portRangesToScan discoveryUrls }\n          progress { phase done total found applications current error }\n          notes\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').DiscoveriesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Discovery($id: ID!) {\n    discovery(id: $id) { phase done total found applications current error }\n  }\n"): typeof import('./graphql').DiscoveryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ScheduleDiscovery($gateway: ID!, $input: DiscoverInput) {\n    scheduleDiscovery(gateway: $gateway, input: $input) { gateway { id } }\n  }\n"): typeof import('./graphql').ScheduleDiscoveryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Health {\n    alarms { id severity since message remedy }\n    limits { id name current limit unit state consequence }\n  }\n"): typeof import('./graphql').HealthDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Overview($first: Int!) {\n    platform {\n      version\n      started\n      ingest { valuesPerSecond values frames deadFrames screenedValues backlog series }\n    }\n    servers(first: $first) {\n      totalCount\n      edges {\n        node {\n          id\n          name\n          endpointUrl\n          securityMode\n          securityPolicy\n          userName\n          trustedThumbprints\n          valuesPerSecond\n          gateway { id }\n          connection {\n            state\n            since\n            error\n            thumbprint\n            securityMode\n            securityPolicy\n            monitoredItems\n            badItems\n            reconnects\n            lostNotifications\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').OverviewDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query NewestEvents($first: Int!) {\n    events(first: $first) {\n      edges { node { id gateway server time severity sourceName eventType eventTypeName retain message { text } } }\n    }\n  }\n"): typeof import('./graphql').NewestEventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Events {\n    events { id gateway server time severity sourceName eventType eventTypeName retain message { text } }\n  }\n"): typeof import('./graphql').EventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LiveSeries($filter: SeriesFilter, $first: Int!) {\n    series(filter: $filter, first: $first) {\n      pageInfo { hasNextPage }\n      edges {\n        node {\n          id\n          server\n          group\n          writer\n          field\n          path\n          unit\n          labels\n          latest {\n            value\n            dataType\n            status { name severity }\n            sourceTimestamp\n            serverTimestamp\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').LiveSeriesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Telemetry($ids: [ID!]!, $maxRate: Float!) {\n    telemetry(filter: { ids: $ids }, maxRate: $maxRate) {\n      values {\n        series\n        value {\n          value\n          dataType\n          status { name severity }\n          sourceTimestamp\n          serverTimestamp\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').TelemetryDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
