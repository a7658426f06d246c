import { describe, expect, test } from 'vitest';
import { byUrgency, type Server, untrustedThumbprint } from './overview';

function server(name: string, state: Server['connection']['state'], changes: Partial<Server> = {}): Server {
  return {
    id: name,
    name,
    endpointUrl: 'opc.tcp://10.0.0.5:4840',
    securityMode: 'BEST',
    securityPolicy: null,
    userName: null,
    trustedThumbprints: [],
    valuesPerSecond: 0,
    gateway: { id: 'local' },
    ...changes,
    connection: {
      state,
      since: null,
      error: null,
      thumbprint: '3fa19c',
      securityMode: null,
      securityPolicy: null,
      monitoredItems: 0,
      badItems: 0,
      reconnects: '0',
      lostNotifications: '0',
      ...changes.connection,
    },
  };
}

test('those that need somebody come first', () => {
  const servers = [server('b', 'CONNECTED'), server('a10', 'CONNECTED'), server('a9', 'CONNECTED'), server('z', 'REFUSED'), server('y', 'RECONNECTING')];
  expect(servers.sort(byUrgency).map((s) => s.name)).toEqual(['z', 'y', 'a9', 'a10', 'b']);
});

describe('untrustedThumbprint', () => {
  test('is what a refused server has shown', () => {
    expect(untrustedThumbprint(server('a', 'REFUSED'))).toBe('3fa19c');
  });
  test.each([
    ['a connected server', server('a', 'CONNECTED')],
    ['a trusted one, however it is written', server('a', 'RECONNECTING', { trustedThumbprints: ['3F:A1:9C'] })],
    ['no security', server('a', 'REFUSED', { securityMode: 'NONE' })],
  ])('is nothing for %s', (_, s) => {
    expect(untrustedThumbprint(s)).toBeUndefined();
  });
});
