import { expect, test } from 'vitest';
import { bySecurity, type Endpoint, securityText, takesAnonymous } from './applications';

const endpoint = (securityMode: Endpoint['securityMode'], securityPolicy: string, securityLevel: number): Endpoint => ({
  url: 'opc.tcp://10.0.0.5:4840', securityMode, securityPolicy, securityLevel, thumbprint: null, userTokens: [],
});

test('bySecurity trusts the mode more than the level that the server gives', () => {
  const none = endpoint('NONE', 'None', 200);
  const sign = endpoint('SIGN', 'Basic256Sha256', 90);
  const weak = endpoint('SIGN_AND_ENCRYPT', 'Basic256Sha256', 1);
  const strong = endpoint('SIGN_AND_ENCRYPT', 'Aes256_Sha256_RsaPss', 2);
  expect([none, sign, weak, strong].sort(bySecurity)).toEqual([strong, weak, sign, none]);
});

test('securityText leaves out the policy None', () => {
  expect(securityText(endpoint('NONE', 'None', 0))).toBe('None');
  expect(securityText(endpoint('SIGN', 'Basic256Sha256', 0))).toBe('Sign · Basic256Sha256');
});

test('takesAnonymous', () => {
  expect(takesAnonymous({ userTokens: [] })).toBe(true);
  expect(takesAnonymous({ userTokens: [{ type: 'USER_NAME' }] })).toBe(false);
  expect(takesAnonymous({ userTokens: [{ type: 'USER_NAME' }, { type: 'ANONYMOUS' }] })).toBe(true);
});
