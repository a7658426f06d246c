// What other people's GraphQL clients do, against a platform with the demo plant: SHOPFLOOR_URL=http://127.0.0.1:8080 node e2e/clients.mjs
import assert from 'node:assert/strict';
import { buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const base = process.env.SHOPFLOOR_URL ?? 'http://127.0.0.1:8080';
const endpoint = `${base}/graphql`;
const boiler = 'nsu=urn:shopfloor:demo-plant;s=Boiler1.';

async function post(body, headers = {}) {
  const response = await fetch(endpoint, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}

/** GraphQL over HTTP: POST with variables and operation name, GET, and what is wrong is said as the specification wants. */
async function overHTTP() {
  const query = 'query One($id: ID!) { server(id: $id) { state } } query Two { __typename }';
  const one = await post({ query, operationName: 'One', variables: { id: 'demo' } }, { accept: 'application/json' });
  assert.equal(one.status, 200);
  assert.match(one.type, /application\/json/);
  assert.deepEqual(one.body, { data: { server: { state: 'CONNECTED' } } });

  const get = await fetch(`${endpoint}?${new URLSearchParams({ query: '{ __typename }' })}`);
  assert.deepEqual(await get.json(), { data: { __typename: 'Query' } });
  const change = await fetch(`${endpoint}?${new URLSearchParams({ query: 'mutation { removeServer(id: "demo") }' })}`);
  assert.ok(change.status >= 400, 'GET changes nothing');

  const wrong = await post({ query: '{ nope }' });
  assert.ok(wrong.status === 200 && !('data' in wrong.body) && wrong.body.errors[0].message.includes('nope'), 'as GraphQL over HTTP has it for application/json');
  const missing = await post({ query: '{ server(id: "nobody") { id } }' });
  assert.equal(missing.body.errors[0].extensions.code, 'NOT_FOUND');
}

/** The schema that clients generate code from is one that graphql-js accepts. */
async function introspection() {
  const { body } = await post({ query: getIntrospectionQuery() });
  const schema = buildClientSchema(body.data);
  assert.deepEqual(validate(schema, parse('{ servers { edges { node { id state } } } }')), []);
}

/** graphql-ws: a subscription that delivers, ends when it is left, and a query over the same socket. */
async function overWebSocket() {
  const client = createClient({ url: endpoint.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  const query = 'subscription($ids: [NodeId!]!) { values(server: "demo", nodeIds: $ids, samplingInterval: "100ms", publishingInterval: "100ms") { sequence changes { nodeId value { value status { name } } } } }';
  const ids = [`${boiler}Temperature`, `${boiler}Nowhere`];
  const values = new Set();
  let last = 0;
  let unknown;
  for await (const { data, errors } of client.iterate({ query, variables: { ids } })) {
    assert.equal(errors, undefined);
    assert.ok(Number(data.values.sequence) > last);
    last = Number(data.values.sequence);
    for (const { nodeId, value } of data.values.changes) {
      if (nodeId === ids[1]) unknown = value.status.name;
      else values.add(value.value);
    }
    if (values.size >= 5 && unknown) break;
  }
  assert.equal(unknown, 'BadNodeIdUnknown');
  for await (const { data } of client.iterate({ query: '{ servers { edges { node { id } } } }' })) {
    assert.equal(data.servers.edges[0].node.id, 'demo');
  }
  await assert.rejects(async () => {
    for await (const result of client.iterate({ query: 'subscription { nope }' })) assert.fail(JSON.stringify(result));
  });
  await client.dispose();
}

/** telemetry: what the ingest core sees, over Server-Sent Events. */
async function overSSE() {
  const stop = new AbortController();
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { telemetry(filter: { path: "Objects/Plant/Boiler1/.*" }) { sequence values { series path value { value } } } }' }),
    signal: stop.signal,
  });
  assert.match(response.headers.get('content-type'), /text\/event-stream/);
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString();
    if ((text.match(/"sequence"/g) ?? []).length >= 3) break;
  }
  stop.abort();
  assert.match(text, /"path":"Objects\/Plant\/Boiler1\//);
}

const watchdog = setTimeout(() => {
  console.log('FAIL  nothing more came within 60 s');
  process.exit(1);
}, 60_000);
for (const check of [overHTTP, introspection, overWebSocket, overSSE]) {
  await check();
  console.log(`ok    ${check.name}`);
}
clearTimeout(watchdog);
