import { useCallback, useState } from 'react';
import { request } from '../api/request';
import { formatCount, formatEnum, formatTime } from '../format';
import { graphql } from '../gql';
import type { BadNodesQuery } from '../gql/graphql';
import { SectionProblem } from './SectionProblem';
import { usePoll } from './usePoll';

const nodesShown = 20;
const interval = 5000; // ms

const document = graphql(`
  query BadNodes($server: ID!, $first: Int!) {
    server(id: $server) {
      badNodes(first: $first) {
        totalCount
        edges { node { series field nodeId state status { name } message remedy since } }
      }
    }
  }
`);

type BadNode = NonNullable<NonNullable<BadNodesQuery['server']>['badNodes']>['edges'][number]['node'];

/** Which published nodes of a server failed, why, and what to do; asked for only while it is unfolded. */
export function BadNodes({ server, count }: { server: string; count: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="bad-nodes" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{count === 1 ? 'The node that needs somebody' : `The ${formatCount(count)} nodes that need somebody`}</summary>
      {open && <List server={server} />}
    </details>
  );
}

function List({ server }: { server: string }) {
  const load = useCallback((signal: AbortSignal) => request(document, { server, first: nodesShown }, signal), [server]);
  const { data, problem } = usePoll(load, interval);
  const nodes = data?.server?.badNodes;
  return (
    <>
      <SectionProblem what="The nodes" problem={problem} />
      {nodes?.edges.length === 0 && <p className="note">All nodes are well again.</p>}
      {nodes && nodes.edges.length > 0 && (
        <ul>
          {nodes.edges.map(({ node }) => (
            <Node key={node.series} node={node} />
          ))}
        </ul>
      )}
      {nodes && nodes.totalCount > nodesShown && (
        <p className="note">
          The first {nodesShown} of {formatCount(nodes.totalCount)} are shown. The others: query <code>badNodes</code> in the{' '}
          <a href="/playground">playground</a>.
        </p>
      )}
    </>
  );
}

function Node({ node }: { node: BadNode }) {
  const title = [node.nodeId, node.since && `since ${formatTime(node.since)}`].filter(Boolean).join(', ');
  return (
    <li data-node={node.field} title={title}>
      <p>
        <strong>{node.field}</strong> · {formatEnum(node.state)} · {node.status.name}
      </p>
      {node.message && <p className="note">{node.message}</p>}
      {node.remedy && <p>{node.remedy}</p>}
    </li>
  );
}
