import { useState } from 'react';
import { AddServer } from './AddServer';
import { AddServerForm } from './AddServerForm';
import { byUrgency, type Overview, serversShown } from './overview';
import { ServerCard } from './ServerCard';

interface Props {
  overview: Overview;
  refresh: () => void;
}

export function Servers({ overview, refresh }: Props) {
  const { edges, totalCount } = overview.servers;
  const servers = edges.map((e) => e.node).sort(byUrgency);
  const [adding, setAdding] = useState(false);
  const added = () => {
    setAdding(false);
    refresh();
  };

  return (
    <section id="servers" aria-labelledby="servers-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="servers-title">Servers</h2>
        {totalCount > 0 && <span className="summary">{summary(overview)}</span>}
        {totalCount > 0 && (
          <button type="button" onClick={() => setAdding(true)}>
            Add server
          </button>
        )}
      </div>
      {totalCount === 0 ? (
        <div className="card">
          <h3>No servers yet: add one</h3>
          <p>
            Shopfloor connects to it, shows its address space and publishes the values that you choose. Its address is not at hand?{' '}
            <a href="#discovery">Find it</a>.
          </p>
          <AddServerForm onAdded={refresh} />
        </div>
      ) : (
        <ul className="servers">
          {servers.map((server) => (
            <li key={server.id} id={`server-${server.id}`}>
              <ServerCard server={server} rate={overview.serverRates.get(server.id) ?? []} refresh={refresh} />
            </li>
          ))}
        </ul>
      )}
      {totalCount > serversShown && (
        <p className="note">
          {serversShown} of {totalCount} servers are shown. The others: query <code>servers</code> in the <a href="/playground">playground</a>.
        </p>
      )}
      {adding && <AddServer onAdded={added} onCancel={() => setAdding(false)} />}
    </section>
  );
}

function summary({ servers: { edges, totalCount } }: Overview): string {
  const connected = edges.filter((e) => e.node.connection.state === 'CONNECTED').length;
  if (connected < edges.length) return `${connected} of ${edges.length} connected`;
  return totalCount === 1 ? 'connected' : `all ${totalCount} connected`;
}
