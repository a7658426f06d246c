// The discoveries of the stand-in: what they find is made up, how they proceed is not.
const thumbprint = '91c04e7a3bb25d6f18e0c7a9d4425f6be83a1d07';
const token = (type) => ({ policyId: type.toLowerCase(), type, securityPolicy: null });
const endpoint = (url, securityMode, securityPolicy, securityLevel, tokens = ['ANONYMOUS', 'USER_NAME']) => ({
  url, reportedUrl: url, alternativeUrls: [], securityMode, securityPolicy, securityLevel, thumbprint, userTokens: tokens.map(token),
});
const application = (id, name, url, endpoints, rest = {}) => ({
  id, gateway: { id: 'local' }, applicationUri: `urn:${id}:server`, productUri: 'urn:maker:plc', name, type: 'SERVER', capabilities: ['DA'], discoveryUrls: [url], endpoints,
  firstSeen: new Date(Date.now() - 86_400e3).toISOString(), lastSeen: new Date().toISOString(), notSeenSince: null, server: null, ...rest,
});
const yesterday = new Date(Date.now() - 30 * 3600e3).toISOString();
const found = [
  application('mixer', 'Mixer 2', 'opc.tcp://10.20.0.21:4840', [
    endpoint('opc.tcp://10.20.0.21:4840', 'NONE', 'None', 0),
    endpoint('opc.tcp://10.20.0.21:4840', 'SIGN', 'Basic256Sha256', 50),
    endpoint('opc.tcp://10.20.0.21:4840', 'SIGN_AND_ENCRYPT', 'Basic256Sha256', 110),
    endpoint('opc.tcp://10.20.0.21:4840', 'SIGN_AND_ENCRYPT', 'Aes256_Sha256_RsaPss', 120),
  ]),
  application('robot', 'Robot cell 7', 'opc.tcp://10.20.0.34:48010', [endpoint('opc.tcp://10.20.0.34:48010', 'SIGN_AND_ENCRYPT', 'Basic256Sha256', 110, ['USER_NAME', 'CERTIFICATE'])]),
  application('scale', 'Scale', 'opc.tcp://10.20.0.40:4840', [endpoint('opc.tcp://10.20.0.40:4840', 'NONE', 'None', 0, ['ANONYMOUS'])], { lastSeen: yesterday, notSeenSince: yesterday }),
  application('lds', 'UA local discovery server', 'opc.tcp://10.20.0.2:4840', [], { type: 'DISCOVERY_SERVER' }),
];
const steps = [['NETWORKS', 64, 256], ['NETWORKS', 256, 256], ['PORTS', 300, 1200], ['PORTS', 700, 1200], ['PORTS', 1100, 1200], ['SERVERS', 2, 4]];
const stepTime = 400; // ms
const config = (input) => ({
  mode: input.mode ?? 'FAST', addressRangesToScan: input.addressRangesToScan ?? null, portRangesToScan: input.portRangesToScan ?? null,
  networkProbeTimeout: '3s', maxNetworkProbes: 100, portProbeTimeout: '5s', maxPortProbes: 1000, minPortProbesPercent: 80, maxProbesPerSecond: 2000,
  idleTimeBetweenScans: input.idleTimeBetweenScans ?? '6h', discoveryUrls: input.discoveryUrls ?? [], locales: [], multicast: null, followReferrals: false, activationFilter: null,
});
const connection = (nodes) => ({ totalCount: nodes.length, edges: nodes.map((node) => ({ cursor: node.id, node })), pageInfo: { hasNextPage: false, hasPreviousPage: false } });

/** Resolvers of discoveries; `addServer` makes a server of an input, `servers` are those that there are, `refuse` refuses a field. */
export function mockDiscoveries({ addServer, servers, refuse }) {
  const schedules = new Map([['hall-3', config({ addressRangesToScan: '10.30.0.0/24', idleTimeBetweenScans: '1d' })]]);
  const visible = new Set(['scale']);
  const added = new Map(); // ids of servers by application
  const discoveries = [];
  const start = (gateway, input, requested = new Date()) => {
    const discovery = {
      id: `d${discoveries.length + 1}`, gateway: { id: gateway }, scheduled: false, config: config(input), requested: requested.toISOString(), started: requested.toISOString(), ended: null,
      progress: { phase: 'PENDING', done: '0', total: '0', found: 0, applications: 0, current: null, error: null }, error: null, notes: [], activations: null,
    };
    discoveries.unshift(discovery);
    return discovery;
  };
  const end = (discovery, phase, rest) => {
    discovery.ended = new Date().toISOString();
    discovery.progress = { ...discovery.progress, ...rest, phase };
  };
  const first = start('local', { portRangesToScan: '4840' }, new Date(Date.now() - 3600e3));
  end(first, 'FINISHED', { found: 1, applications: 1 });
  first.ended = new Date(Date.parse(first.started) + 42e3).toISOString();
  first.notes = ['docker0 (172.17.0.0/16) was left out: it is a network of containers'];

  const run = async (discovery) => {
    for (const [phase, done, total] of steps) {
      await new Promise((resolve) => setTimeout(resolve, stepTime));
      if (discovery.ended) return;
      discovery.progress = { ...discovery.progress, phase, done: String(done), total: String(total), current: `10.20.0.${done % 250}:4840`, found: phase === 'NETWORKS' ? 0 : Math.min(4, Math.ceil(done / 300)) };
    }
    for (const { id } of found) visible.add(id);
    end(discovery, 'FINISHED', { found: 4, applications: 4 });
  };
  const shown = () => found.filter(({ id }) => visible.has(id)).map((a) => ({ ...a, server: servers.get(added.get(a.id)) ?? null }));
  const matches = (a, { text, added: isAdded, notSeen }) =>
    (!text || `${a.name} ${a.discoveryUrls}`.toLowerCase().includes(text.toLowerCase())) && (isAdded == null || isAdded === (a.server !== null)) && (notSeen == null || notSeen === (a.notSeenSince !== null));

  return {
    scheduleOf: (gateway) => (schedules.has(gateway) ? { gateway: { id: gateway }, config: schedules.get(gateway) } : null),
    queries: {
      discoveries: ({ first: n }) => connection(discoveries.slice(0, n)),
      applications: ({ filter }) => connection(shown().filter((a) => matches(a, filter ?? {}))),
      discover: ({ input }) => {
        if (/[^\d;:., /[\]*a-f-]/.test(input.addressRangesToScan ?? '')) refuse('addressRangesToScan', `"${input.addressRangesToScan}" is no range of addresses`);
        const discovery = start(input.gateway ?? 'local', input);
        run(discovery);
        return discovery;
      },
      cancelDiscovery: ({ id }) => {
        const discovery = discoveries.find((d) => d.id === id);
        end(discovery, 'CANCELLED', {});
        return discovery;
      },
      scheduleDiscovery: ({ gateway, input }) => {
        if (!input) return schedules.delete(gateway) && null;
        schedules.set(gateway, config(input));
        return { gateway: { id: gateway }, config: schedules.get(gateway) };
      },
      addDiscoveredServer: ({ input }) => {
        const a = found.find(({ id }) => id === input.application);
        const e = a.endpoints.find(({ url, securityMode }) => url === input.endpointUrl && securityMode === input.securityMode);
        const error = `The certificate of ${e.url} is not trusted. Compare its thumbprint with the machine's own display, then trust it here.`;
        const open = e.securityMode === 'NONE';
        const server = addServer({ name: a.name, endpointUrl: e.url, securityMode: e.securityMode }, open ? { state: 'CONNECTED' } : { state: 'REFUSED', thumbprint: e.thumbprint, error });
        added.set(a.id, server.id);
        return server;
      },
    },
    discovery: async function* ({ id }) {
      const discovery = discoveries.find((d) => d.id === id);
      for (let last; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
        if (discovery.progress !== last) yield (last = discovery.progress);
        if (discovery.ended) return;
      }
    },
  };
}
