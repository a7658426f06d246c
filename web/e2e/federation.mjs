// Shopfloor at SHOPFLOOR_URL as a subgraph: composed with another company's API by other people's tools, and queried through both.
import { composeServices } from '@theguild/federation-composition';
import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, graphql, parse, print } from 'graphql';
import assert from 'node:assert/strict';

const url = `${process.env.SHOPFLOOR_URL}/graphql`;

async function shopfloor({ document, variables }) {
  const answer = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: print(document), variables }),
  });
  return answer.json();
}

// A maintenance system knows which machine an order is for: a server, a node of it and a series.
const assets = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { orders: [Order!]! }
  type Order @key(fields: "id") { id: ID! text: String! machine: Server! reading: VariableNode! missing: Server }
  type Server @key(fields: "id") { id: ID! orders: [Order!]! }
  type VariableNode @key(fields: "id", resolvable: false) { id: ID! }
`);
const node = 'demo/nsu=urn:shopfloor:demo-plant;s=Boiler1.Temperature';
const order = { id: '7', text: 'Descale', machine: { __typename: 'Server', id: 'demo' }, reading: { __typename: 'VariableNode', id: node }, missing: { __typename: 'Server', id: 'none' } };
const assetsSchema = buildSubgraphSchema({
  typeDefs: assets,
  resolvers: {
    Query: { orders: () => [order] },
    Server: { __resolveReference: (s) => s, orders: (s) => (s.id === 'demo' ? [order] : []) },
  },
});

const { data } = await shopfloor({ document: parse('{ _service { sdl } }') });
const composed = composeServices([
  { name: 'shopfloor', typeDefs: parse(data._service.sdl), url },
  { name: 'assets', typeDefs: assets, url: 'http://assets.invalid/graphql' },
]);
assert.deepEqual(composed.errors ?? [], []);
const supergraph = getStitchedSchemaFromSupergraphSdl({
  supergraphSdl: composed.supergraphSdl,
  onSubschemaConfig(config) {
    config.executor = config.name.toLowerCase() === 'shopfloor' ? shopfloor
      : ({ document, variables }) => execute({ schema: assetsSchema, document, variableValues: variables });
  },
});

const answer = await graphql({
  schema: supergraph,
  source: `{
    orders { text machine { name state } reading { browseName { name } value { value dataType } } missing { name } }
    server(id: "demo") { name orders { text } }
  }`,
});
const [got] = answer.data?.orders ?? [];
assert.equal(got?.machine?.state, 'CONNECTED', JSON.stringify(answer));
assert.equal(got.reading.browseName.name, 'Temperature');
assert.equal(got.reading.value.dataType, 'Double');
assert.equal(typeof got.reading.value.value, 'number');
assert.equal(got.missing, null);
assert.deepEqual(JSON.parse(JSON.stringify(answer.data.server.orders)), [{ text: 'Descale' }]);
assert.equal(answer.errors?.length, 1);
assert.match(answer.errors[0].message, /server "none".*not found/);
console.log(`composed ${composed.supergraphSdl.length} bytes of supergraph; a query through both subgraphs answers as it should`);
