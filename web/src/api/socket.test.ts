import type { Client, Sink } from 'graphql-ws';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TypedDocumentString } from '../gql/graphql';
import { stream } from './socket';

const document = { toString: () => 'subscription { n }' } as TypedDocumentString<{ n: number }, Record<string, unknown>>;

/** A socket that remembers its subscriptions and whose events the test fires. */
function fakeSocket() {
  const sinks: Sink<{ data?: { n: number } | null; errors?: { message: string }[] }>[] = [];
  const listeners: Record<string, () => void> = {};
  const ended = vi.fn();
  const socket = {
    on: (event: string, listener: () => void) => {
      listeners[event] = listener;
      return () => delete listeners[event];
    },
    subscribe: (_: unknown, sink: (typeof sinks)[number]) => {
      sinks.push(sink);
      return ended;
    },
  } as unknown as Client;
  return { socket, sinks, listeners, ended };
}

function start() {
  const fake = fakeSocket();
  const got: number[] = [];
  const interrupted = vi.fn<(reason: string | undefined) => void>();
  const stop = stream(fake.socket, document, {}, { next: (d) => got.push(d.n), interrupted });
  return { ...fake, got, interrupted, stop };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('data is handed on', () => {
  const s = start();
  s.sinks[0]!.next({ data: { n: 1 } });
  s.sinks[0]!.next({ data: { n: 2 } });
  expect(s.got).toEqual([1, 2]);
  expect(s.interrupted).not.toHaveBeenCalled();
});

test.each([
  ['an error', (sink: Sink) => sink.error([{ message: 'too many subscriptions' }]), 'too many subscriptions'],
  ['a lost connection', (sink: Sink) => sink.error({ code: 1006 }), 'connection lost'],
  ['the end of the stream', (sink: Sink) => sink.complete(), 'the platform ended the stream'],
])('after %s it subscribes again', (_, end, reason) => {
  const s = start();
  end(s.sinks[0]! as Sink);
  expect(s.interrupted).toHaveBeenLastCalledWith(reason);
  expect(s.sinks).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(s.sinks).toHaveLength(2);
  s.sinks[1]!.next({ data: { n: 7 } });
  expect(s.got).toEqual([7]);
});

test('the state of the socket is told', () => {
  const s = start();
  s.listeners.closed!();
  expect(s.interrupted).toHaveBeenLastCalledWith('connection lost');
  s.listeners.connected!();
  expect(s.interrupted).toHaveBeenLastCalledWith(undefined);
});

test('nothing happens once it is stopped', () => {
  const s = start();
  s.sinks[0]!.error(new Error('gone'));
  s.stop();
  vi.advanceTimersByTime(60_000);
  expect(s.sinks).toHaveLength(1);
  expect(s.ended).toHaveBeenCalled();
  expect(s.listeners).toEqual({});
});
