import { useState } from 'react';
import { createSocket } from '../api/socket';
import { AlarmBanner } from './AlarmBanner';
import { ConnectionBanner } from './ConnectionBanner';
import { DeadLetters } from './DeadLetters';
import { DiscoverySection } from './DiscoverySection';
import { Events } from './Events';
import { Gateways } from './Gateways';
import { Header } from './Header';
import { healthInterval, loadHealth } from './health';
import { Limits } from './Limits';
import { LiveValues } from './LiveValues';
import { overviewLoader, pollInterval } from './overview';
import { PlatformFigures } from './PlatformFigures';
import { Servers } from './Servers';
import { Tools } from './Tools';
import { usePoll } from './usePoll';

export function Home() {
  const [load] = useState(overviewLoader);
  const [socket] = useState(createSocket);
  const overview = usePoll(load, pollInterval);
  const health = usePoll(loadHealth, healthInterval);
  const { data, problem } = overview;
  const stale = problem !== undefined;
  const link = stale ? (problem.answered ? 'error' : 'lost') : data ? 'live' : 'connecting';

  return (
    <>
      <a className="skip" href="#servers">
        Skip to servers
      </a>
      <Header version={data?.platform.version} link={link} />
      <ConnectionBanner poll={overview} />
      <AlarmBanner alarms={health.data?.alarms ?? []} />
      <main className={stale ? 'stale' : undefined} aria-busy={!data && !stale}>
        {data ? (
          <>
            <PlatformFigures overview={data} />
            <div className="columns">
              <Servers overview={data} refresh={overview.refresh} />
              <LiveValues socket={socket} hasServers={data.servers.totalCount > 0} />
            </div>
            <Events socket={socket} />
            <Gateways />
            <DiscoverySection socket={socket} onAdded={overview.refresh} />
            <div className="columns">
              <Limits health={health} />
              <DeadLetters />
            </div>
          </>
        ) : (
          !stale && <p className="loading">Loading the state of the platform…</p>
        )}
        <Tools />
      </main>
    </>
  );
}
