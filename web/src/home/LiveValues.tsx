import type { Client } from 'graphql-ws';
import { useState } from 'react';
import { AssetCard } from './AssetCard';
import { Icon } from './Icon';
import { groupByAsset } from './live';
import { seriesShown, useLiveValues } from './useLiveValues';
import { useSettled } from './useSettled';

interface Props {
  socket: Client;
  hasServers: boolean;
}

export function LiveValues({ socket, hasServers }: Props) {
  const [text, setText] = useState('');
  const { list, values, interrupted } = useLiveValues(socket, useSettled(text.trim()));
  const assets = groupByAsset(list.data?.series ?? []);

  return (
    <section className="live" aria-labelledby="live-title">
      <div className="section-head">
        <h2 id="live-title">Live values</h2>
        {interrupted && (
          <span className="badge warn" role="status">
            <Icon name="waiting" />
            Interrupted ({interrupted}): reconnecting
          </span>
        )}
        <input
          type="search"
          aria-label="Filter live values by path"
          placeholder="Filter by path: Boiler1"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
      </div>
      {list.problem && (
        <p className="problem" role="alert">
          <Icon name="warning" />
          <span>The list of series cannot be loaded: {list.problem.text}</span>
        </p>
      )}
      {!list.data && !list.problem && <p className="loading">Loading values…</p>}
      {list.data && assets.length === 0 && <p className="card empty">{emptyText(text, hasServers)}</p>}
      <div className="assets">
        {assets.map((asset) => (
          <AssetCard key={asset.key} asset={asset} values={values} />
        ))}
      </div>
      {list.data?.more && <p className="note">The first {seriesShown} series are shown. Filter to see others.</p>}
    </section>
  );
}

function emptyText(text: string, hasServers: boolean): string {
  if (text) return `No series has “${text}” in its path.`;
  return hasServers
    ? 'No values are stored yet. Publish some: the playground has an example.'
    : 'Values appear here as soon as a server is connected and something of it is published.';
}
