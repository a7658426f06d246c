// A stand-in for the platform, to work on the UI without it: the real schema with made-up answers.
// node e2e/mock.mjs [port]; then SHOPFLOOR_URL=http://127.0.0.1:<port> npm run dev
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema, graphql, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { mockDiscoveries } from './mockdiscovery.mjs';

const schemaDirs = ['../../graph/', '../../graph/eventtypes/'].map((dir) => new URL(dir, import.meta.url));
const schema = buildSchema(
  schemaDirs
    .flatMap((dir) =>
      readdirSync(dir)
        .filter((f) => f.endsWith('.graphqls'))
        .map((f) => readFileSync(new URL(f, dir), 'utf8')),
    )
    .join('\n'),
);

const started = new Date(Date.now() - 3 * 3600e3).toISOString();
const good = { code: 0, name: 'Good', severity: 'GOOD' };
const reading = (value, dataType, status = good) => ({ value, dataType, status, sourceTimestamp: new Date().toISOString(), serverTimestamp: new Date().toISOString() });
const wave = (middle, size, period) => middle + size * Math.sin(Date.now() / 1000 / period) + size * 0.05 * Math.random();

const boiler = (n) => ({
  Temperature: ['°C', () => reading(wave(140 - 20 * n, 3, 9 + n), 'Double')],
  TemperatureSetPoint: ['°C', () => reading(140, 'Double')],
  Pressure: ['bar', () => reading(wave(3.61, 0.2, 7), 'Double')],
  FuelFlow: ['kg/h', () => reading(wave(44, 8, 5), 'Double')],
  SteamFlow: ['kg/h', () => reading(wave(455, 30, 6), 'Double')],
  Level: ['%', () => (n === 2 ? reading(null, null, { code: 2156462080, name: 'BadSensorFailure', severity: 'BAD' }) : reading(wave(55, 10, 30), 'Float'))],
  BurnerOutput: ['%', () => reading(wave(50, 20, 4), 'Double', n === 2 ? { code: 1083113472, name: 'UncertainLastUsableValue', severity: 'UNCERTAIN' } : good)],
  Burner: [null, () => reading(true, 'Boolean')],
  Mode: [null, () => reading(2, 'UInt32')],
  Status: [null, () => reading({ locale: 'en', text: 'At set point' }, 'LocalizedText')],
  OperatingHours: ['h', () => reading(12345.678, 'Double')],
});
const assets = {
  Boiler1: boiler(1),
  Boiler2: boiler(2),
  PackagingLine1: {
    Speed: ['1/min', () => reading(wave(180, 6, 8), 'Double')],
    GoodParts: [null, () => reading(String(1_204_000 + Math.floor(Date.now() / 300) % 100_000), 'Int64')],
    RejectedParts: [null, () => reading(312, 'UInt32')],
    BatchId: [null, () => reading('B-20260102-0007', 'String')],
    MotorCurrent: ['A', () => reading(wave(11.2, 0.6, 2), 'Float')],
  },
  EnergyMeter1: {
    ActivePower: ['kW', () => reading(wave(31, 4, 11), 'Double')],
    PowerFactor: [null, () => reading(wave(0.874, 0.004, 5), 'Double')],
    Frequency: ['Hz', () => reading(wave(50, 0.02, 37), 'Double')],
    ActiveEnergy: ['kW·h', () => reading(18_523.4 + (Date.now() % 1e6) / 1e5, 'Double')],
  },
};
const series = Object.entries(assets).flatMap(([asset, fields]) =>
  Object.entries(fields).map(([field, [unit, read]]) => ({
    id: `local/demo/default/${asset}.${field}`, gateway: 'local', server: 'demo', group: 'demo', writer: 'default',
    field: `${asset}.${field}`, nodeId: `nsu=urn:shopfloor:demo-plant;s=${asset}.${field}`, path: `Objects/Plant/${asset}/${field}`,
    unit, numeric: true, labels: {}, latest: read, read,
    history: () => ({ series: field, from: started, to: started, points: [], truncated: false }),
  })),
);
const matching = (filter) =>
  series.filter((s) => (!filter?.ids || filter.ids.includes(s.id)) && (!filter?.path || new RegExp(`^(?:${filter.path.replace('(?i)', '')})$`, 'i').test(s.path)));

const thumbprint = '3fa19c0277d1b5e8aa40c69d1e7f2b90551c8e4d';
const gateway = { id: 'local', version: 'mock', started, frames: '1', values: '1', pending: 0 };
const inSync = { desiredRevision: 1, revision: 1, inSync: true, outOfSyncCount: 0, outOfSync: [] };
const gateways = () => {
  const heard = new Date().toISOString();
  const buffer = { frames: '3', bytes: '48000', maxBytes: '64000000000', oldest: heard, dropped: '0', lastDropped: null, forwarded: '81000', forwardRate: wave(40, 5, 3), reconnects: '0' };
  const nodes = [
    { ...gateway, link: { local: true, connected: true }, buffer: null, configurationState: inSync, discoverySchedule: discoveries.scheduleOf(gateway.id) },
    { ...gateway, id: 'hall-3', link: { local: false, connected: true, heard }, buffer, configurationState: inSync, discoverySchedule: discoveries.scheduleOf('hall-3') },
  ];
  return { totalCount: nodes.length, edges: nodes.map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: false, hasPreviousPage: false } };
};
const defaults = { gateway, securityMode: 'BEST', trustedThumbprints: [], valuesPerSecond: 0 };
const connection = { since: started, monitoredItems: 0, badItems: 0, reconnects: '0', lostNotifications: '0' };
const server = (s) => ({ ...defaults, ...s, state: s.connection.state, connection: { ...connection, ...s.connection } });
const servers = new Map(
  [
    { id: 'demo', name: 'Demo plant', endpointUrl: 'opc.tcp://127.0.0.1:4840', valuesPerSecond: () => wave(118, 9, 5), connection: { state: 'CONNECTED', securityMode: 'SIGN_AND_ENCRYPT', securityPolicy: 'Basic256Sha256', monitoredItems: 51, badItems: 1, reconnects: '2' } },
    { id: 'press-4', name: 'Press 4', endpointUrl: 'opc.tcp://10.20.0.14:4840', connection: { state: 'REFUSED', since: new Date(Date.now() - 240e3).toISOString(), thumbprint, error: "The certificate of opc.tcp://10.20.0.14:4840 is not trusted. Compare its thumbprint with the machine's own display, then trust it here." } },
    { id: 'oven', name: 'Tunnel oven', endpointUrl: 'opc.tcp://oven.line2.example:4840/UA/Server', userName: 'shopfloor', connection: { state: 'RECONNECTING', since: new Date(Date.now() - 42e3).toISOString(), reconnects: '17', lostNotifications: '204', error: 'dial opc.tcp://oven.line2.example:4840: connection refused. Nothing listens on this port: check that the machine is on and that its OPC UA server runs.' } },
  ].map((s) => [s.id, server(s)]),
);
const alarms = [
  { id: 'store.disk', severity: 'WARNING', since: new Date(Date.now() - 5400e3).toISOString(), message: 'The disk of the store is 86 % full.', remedy: 'Make room on it, or shorten store.retention; below 2 GB of free space nothing is stored.' },
];
const limits = [
  { id: 'store.disk', name: 'Disk of the store', current: 43.1e9, limit: 50e9, unit: 'BYTES', state: 'NEAR', consequence: 'Frames wait in their stream until there is room.' },
  { id: 'stream.UA_DATA', name: 'Stream UA_DATA', current: 1.3e8, limit: 6e9, unit: 'BYTES', state: 'FAR', consequence: 'Gateways keep their frames.' },
  { id: 'stream.UA_DEAD', name: 'Stream UA_DEAD', current: 4e8, limit: 4e8, unit: 'BYTES', state: 'REACHED', consequence: 'The oldest dead letters go.' },
  { id: 'series', name: 'Series', current: 51, limit: 1e6, unit: 'SERIES', state: 'FAR', consequence: 'New fields are not stored.' },
];
const letter = (n, rest) => ({ id: String(n), time: new Date(Date.now() - n * 61e3).toISOString(), gateway: 'local', group: 'demo', writer: 'default', sequence: String(91_000 - n), text: null, ...rest });
const deadLetters = [
  letter(1, { reason: 'DataSetMessage 0 of version 812.4: there is no metadata of this version', contentType: 'application/opcua+uadp', size: 8412, head: 'f1010a00'.repeat(64) }),
  letter(2, { reason: 'unexpected end of JSON input', contentType: 'application/opcua+json', size: 38, head: '7b224d657373616765', text: '{"MessageId": "32235546-05d9-4fd7-97df' }),
];
const event = (n, rest) => ({
  id: `event-${n}`, gateway: 'local', server: 'demo', group: 'demo', writer: 'alarms', time: new Date(Date.now() - n * 47e3).toISOString(), severity: 200, sourceName: 'Boiler1',
  __typename: 'ExclusiveLevelAlarmType', eventType: 'i=9482', eventTypeName: 'ExclusiveLevelAlarmType', retain: true, fields: [], message: { text: 'Temperature is normal' }, ...rest,
});
const events = [
  event(1, { severity: 900, message: { text: 'Temperature of Boiler1 is above 110 °C' } }),
  event(2, { severity: 500, message: { text: 'Level of Tank1 is low' }, sourceName: 'Tank1' }),
  event(3, { retain: false }),
  event(4, { severity: 100, sourceName: 'PackagingLine1', eventType: 'nsu=urn:acme;i=7', eventTypeName: null, retain: null, message: { text: 'Batch B-000001 has ended' } }),
];
const refuse = (field, problem) => {
  throw new GraphQLError(`${field}: ${problem}`, { extensions: { code: 'BAD_USER_INPUT', field } });
};
const addServer = (input, state) => {
  const id = input.id ?? input.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  servers.set(id, server({ ...input, gateway: { ...gateway, id: input.gateway ?? gateway.id }, id, connection: { ...state, since: new Date().toISOString() } }));
  return servers.get(id);
};
const discoveries = mockDiscoveries({ addServer, servers, refuse });
const every = async function* (milliseconds, make) {
  for (let sequence = 1; ; sequence++) {
    yield make(sequence);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
};

const rootValue = {
  platform: () => ({
    version: 'mock', started,
    ingest: { valuesPerSecond: wave(118, 9, 5), values: '84120993', frames: '91337', deadFrames: '3', screenedValues: '0', backlog: '0', series: series.length, checkpoint: '1' },
  }),
  servers: () => ({ totalCount: servers.size, edges: [...servers.values()].map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: false, hasPreviousPage: false } }),
  series: ({ filter, first }) => ({ edges: matching(filter).slice(0, first).map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: matching(filter).length > first, hasPreviousPage: false } }),
  alarms, limits, gateways,
  deadLetters: ({ first }) => ({ edges: deadLetters.slice(0, first).map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: deadLetters.length > first, hasPreviousPage: false } }),
  events: ({ first }) => ({ edges: events.slice(0, first).map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: events.length > first, hasPreviousPage: false } }),
  addServer: ({ input }) => {
    if (/127\.0\.0\.1:1$/.test(input.endpointUrl)) refuse('endpointUrl', `"${input.endpointUrl}" has no server`);
    return addServer(input, { state: 'CONNECTING' });
  },
  trustServerCertificate: ({ server: id, thumbprint }) => {
    const s = servers.get(id);
    servers.set(id, { ...s, state: 'CONNECTED', trustedThumbprints: [thumbprint], connection: { ...s.connection, state: 'CONNECTED', error: null, since: new Date().toISOString() } });
    return servers.get(id);
  },
};
const okay = { status: good, message: null };
const overTemperature = {
  conditionId: 'nsu=urn:shopfloor:demo-plant;s=Boiler1.OverTemperature', sourceName: 'Boiler1', severity: 600, message: { text: 'Boiler1 is too hot: 160.0 °C, the limit is 160 °C' },
  active: true, acknowledged: false, confirmed: false, limits: ['HIGH'], shelving: 'UNSHELVED', comment: null,
};
const answered = ({ input }) => input.map(() => okay);
Object.assign(rootValue, {
  server: ({ id }) => servers.has(id) && { ...servers.get(id), conditions: { totalCount: 1, complete: true, edges: [{ cursor: '1', node: overTemperature }] } },
  acknowledge: answered,
  confirm: answered,
  shelve: answered,
  search: () => ({ totalCount: 0, edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, unknownServers: [] }),
  path: ({ path }) => ({ __typename: 'ObjectNode', nodeId: 'i=85', nodeClass: 'OBJECT', displayName: { text: path.split('/').at(-1) }, children: { edges: [], pageInfo: {} } }),
  nodes: ({ nodeIds }) => series.filter((s) => nodeIds.includes(s.nodeId)).map((s) => ({ __typename: 'VariableNode', nodeId: s.nodeId, displayName: { text: s.field }, value: s.read })),
  write: ({ input }) => input.map(({ nodeId }) => ({ nodeId, ...okay })),
  call: ({ input }) => input.map(() => ({ ...okay, inputArgumentResults: [], outputArguments: [{ name: 'batchId', value: 'B-000002', dataType: 'String' }] })),
  publish: ({ input }) => ({ writer: { id: `local/${input.server}/${input.writer}`, fieldCount: input.nodes.length }, results: input.nodes.map(({ nodeId }) => ({ nodeId, field: nodeId.split('.').at(-1), ...okay })) }),
  applyConfiguration: ({ input }) => ({ applied: true, results: input.items.map(() => ({ problems: [] })) }),
  removeServer: ({ id }) => servers.delete(id) && id,
});
Object.assign(rootValue, discoveries.queries);
const subscriptions = {
  discovery: discoveries.discovery,
  events: async function* () {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    yield event(0, { id: 'event-live', severity: 700, message: { text: 'Pressure of Boiler1 is above 6 bar' } });
    await new Promise(() => {});
  },
  telemetry: ({ filter, maxRate }) =>
    every(1000 / maxRate, (sequence) => ({ sequence: String(sequence), values: matching(filter).map((s) => ({ series: s.id, field: s.field, path: s.path, value: s.read() })) })),
  values: ({ nodeIds }) =>
    every(250, (sequence) => ({ sequence: String(sequence), overflow: false, changes: series.filter((s) => nodeIds.includes(s.nodeId)).map((s) => ({ nodeId: s.nodeId, value: s.read() })) })),
};
for (const [name, field] of Object.entries(schema.getSubscriptionType().getFields())) {
  field.subscribe = async function* (_, args) {
    for await (const item of subscriptions[name](args)) yield { [name]: item };
  };
}

const http = createServer(async (req, res) => {
  if (req.url !== '/graphql' || req.method !== 'POST') return res.writeHead(404).end();
  let body = '';
  for await (const chunk of req) body += chunk;
  const { query, variables, operationName } = JSON.parse(body);
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify(await graphql({ schema, source: query, rootValue, variableValues: variables, operationName })));
});
useServer({ schema }, new WebSocketServer({ server: http, path: '/graphql' }));
http.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}`));
