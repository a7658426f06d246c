import { expect, test } from 'vitest';
import { discoverInput, readDiscovery, validateDiscovery } from './discoveryInput';

const empty = { gateway: 'local', mode: 'FAST', addressRangesToScan: '', portRangesToScan: '', discoveryUrls: '', idleTimeBetweenScans: '' } as const;

test('readDiscovery trims, and takes what is not there for empty', () => {
  const form = new FormData();
  form.set('gateway', 'local');
  form.set('mode', 'FAST');
  form.set('portRangesToScan', ' 4840 ');
  expect(readDiscovery(form)).toEqual({ ...empty, portRangesToScan: '4840' });
});

test.each([
  [{}, []],
  [{ mode: 'OFF' }, ['discoveryUrls']],
  [{ mode: 'OFF', discoveryUrls: 'opc.tcp://lds:4840' }, []],
  [{ mode: 'OFF', addressRangesToScan: '10.0.0.1' }, []],
  [{ discoveryUrls: 'opc.tcp://lds:4840, http://other' }, ['discoveryUrls']],
] as const)('validateDiscovery with %j finds %j', (change, want) => {
  expect(Object.keys(validateDiscovery({ ...empty, ...change }))).toEqual(want);
});

test('discoverInput leaves out what is empty', () => {
  expect(discoverInput(empty)).toEqual({ mode: 'FAST' });
  const full = { ...empty, addressRangesToScan: '10.0.0.0/24', portRangesToScan: '4840', discoveryUrls: 'opc.tcp://a:1;\n opc.tcp://b:2 ', idleTimeBetweenScans: '6h' };
  expect(discoverInput(full)).toEqual({
    mode: 'FAST', addressRangesToScan: '10.0.0.0/24', portRangesToScan: '4840', discoveryUrls: ['opc.tcp://a:1', 'opc.tcp://b:2'], idleTimeBetweenScans: '6h',
  });
});
