import type { Client } from 'graphql-ws';
import { useCallback, useState } from 'react';
import { Applications } from './Applications';
import { discoveriesInterval, isFinal, loadDiscoveries } from './discoveries';
import { DiscoveryForm } from './DiscoveryForm';
import { DiscoveryRun } from './DiscoveryRun';
import { PastDiscoveries } from './PastDiscoveries';
import { Schedules } from './Schedules';
import { SectionProblem } from './SectionProblem';
import { usePoll } from './usePoll';

const pastShown = 3;

interface Props {
  socket: Client;
  /** A found application became a server, or its certificate is trusted now. */
  onAdded: () => void;
}

/** Finding the OPC UA servers of the plant: start, follow and cancel discoveries, see what was found, and add it. */
export function DiscoverySection({ socket, onAdded }: Props) {
  const { data, problem, refresh } = usePoll(loadDiscoveries, discoveriesInterval);
  const [ended, setEnded] = useState(0);
  const onEnded = useCallback(() => {
    setEnded((n) => n + 1);
    refresh();
  }, [refresh]);
  const gateways = data?.gateways.edges.map(({ node }) => node);
  const discoveries = data?.discoveries.edges.map(({ node }) => node) ?? [];
  const running = discoveries.filter(({ progress }) => !isFinal(progress.phase));
  const past = discoveries.filter(({ progress }) => isFinal(progress.phase)).slice(0, pastShown);

  return (
    <section id="discovery" aria-labelledby="discovery-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="discovery-title">Find servers</h2>
        <span className="summary">Only what you name, or the gateway’s own networks, is contacted.</span>
      </div>
      <SectionProblem what="The discoveries" problem={problem} />
      {gateways?.length === 0 && <p className="card empty">No gateway is there yet that could look. Start one, or enrol it: the playground has the mutations.</p>}
      {gateways && gateways.length > 0 && (
        <div className="columns discovery">
          <div>
            <DiscoveryForm gateways={gateways} onStarted={refresh} />
            <Schedules gateways={gateways} onEnded={refresh} />
          </div>
          <div>
            {running.map((discovery) => (
              <DiscoveryRun key={discovery.id} socket={socket} discovery={discovery} onEnded={onEnded} />
            ))}
            {past.length > 0 && <PastDiscoveries discoveries={past} />}
            <Applications ended={ended} onAdded={onAdded} />
          </div>
        </div>
      )}
    </section>
  );
}
