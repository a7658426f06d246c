import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createSocket } from '../api/socket';
import { examples } from './examples';

// Handed in so that subscriptions reconnect as on the home page and no URL is guessed.
const fetcher = createGraphiQLFetcher({ url: '/graphql', wsClient: createSocket() });
const tabs = examples.map((query) => ({ query, variables: null, headers: null }));

export function Playground() {
  return (
    <>
      <header className="playground-top">
        <a href="/">
          <img src="/favicon.svg" alt="" width="22" height="22" />
          Shopfloor
        </a>
        <h1>GraphQL playground</h1>
        <span>
          Endpoint <code>{`${location.origin}/graphql`}</code>
        </span>
      </header>
      <main className="playground-main">
        <GraphiQL fetcher={fetcher} defaultTabs={tabs} defaultEditorToolsVisibility={false}>
          <GraphiQL.Logo>{''}</GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}
