import { afterEach, expect, test, vi } from 'vitest';
import type { TypedDocumentString } from '../gql/graphql';
import { backoff } from './backoff';
import { observeServerDate, platformNow } from './clock';
import { reason, request, RequestError } from './request';

const document = { toString: () => '{ a }' } as TypedDocumentString<{ a: number }, object>;

function answer(body: string, init?: ResponseInit) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => new Response(body, init));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

afterEach(() => {
  vi.unstubAllGlobals();
  observeServerDate(new Date().toUTCString());
});

test('request sends query and variables and returns the data', async () => {
  const fetch = answer('{"data":{"a":1}}');
  expect(await request(document, { x: 2 })).toEqual({ a: 1 });
  const [url, init] = fetch.mock.calls[0]!;
  expect(url).toBe('/graphql');
  expect(JSON.parse(String(init.body))).toEqual({ query: '{ a }', variables: { x: 2 } });
});

test('request tells which field was refused', async () => {
  answer('{"errors":[{"message":"input.endpointUrl: is taken","extensions":{"field":"input.endpointUrl"}}],"data":null}');
  const error = await request(document, {}).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(RequestError);
  expect((error as RequestError).field).toBe('endpointUrl');
  expect(reason(error)).toBe('input.endpointUrl: is taken');
});

test('request survives a proxy that answers in HTML', async () => {
  answer('<html>Bad gateway</html>', { status: 502, statusText: 'Bad Gateway' });
  await expect(request(document, {})).rejects.toThrow('the platform answered 502 Bad Gateway');
});

test('reason puts a failed connection and a time-out in words', () => {
  expect(reason(new TypeError('Failed to fetch'))).toBe('the platform cannot be reached');
  expect(reason(new DOMException('signal timed out', 'TimeoutError'))).toBe('no answer within 10 s');
});

test('the clock follows the platform when this computer is wrong', async () => {
  const hour = 3600_000;
  answer('{"data":{"a":1}}', { headers: { Date: new Date(Date.now() + hour).toUTCString() } });
  await request(document, {});
  expect(Math.abs(platformNow() - Date.now() - hour)).toBeLessThan(2000);
  observeServerDate(new Date(Date.now() + 900).toUTCString());
  expect(Math.abs(platformNow() - Date.now())).toBeLessThan(50);
});

test('backoff doubles up to 15 s and spreads by half', () => {
  expect([1, 2, 3, 4, 5, 50].map((n) => backoff(n, () => 1))).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
  expect(backoff(3, () => 0)).toBe(2000);
});
