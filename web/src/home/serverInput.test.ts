import { expect, test } from 'vitest';
import { readServer, validateServer } from './serverInput';

const good = { endpointUrl: 'opc.tcp://10.0.0.5:4840', name: 'Press 4', securityMode: 'BEST', userName: '', password: '' } as const;

test('readServer trims all but the password', () => {
  const form = new FormData();
  for (const [name, text] of Object.entries({ ...good, name: ' Press 4 ', userName: ' op ', password: ' x ' })) form.set(name, text);
  expect(readServer(form)).toEqual({ ...good, userName: 'op', password: ' x ' });
});

test.each([
  [{}, []],
  [{ endpointUrl: '' }, ['endpointUrl']],
  [{ endpointUrl: 'http://10.0.0.5' }, ['endpointUrl']],
  [{ endpointUrl: 'opc.tcp://' }, ['endpointUrl']],
  [{ name: '' }, ['name']],
  [{ password: 'secret' }, ['userName']],
  [{ userName: 'op', password: 'secret' }, []],
])('validateServer with %j finds %j', (change, want) => {
  expect(Object.keys(validateServer({ ...good, ...change }))).toEqual(want);
});
