import { createClient, type Client } from 'graphql-ws';
import type { TypedDocumentString } from '../gql/graphql';
import { backoff } from './backoff';

/** A graphql-transport-ws client of this platform that reconnects for ever. */
export function createSocket(): Client {
  return createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    lazyCloseTimeout: 3000, // a changed filter ends one subscription and starts another
    keepAlive: 10_000,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (failures) => new Promise((resolve) => setTimeout(resolve, backoff(failures + 1))),
  });
}

export interface StreamSink<Data> {
  next(data: Data): void;
  /** The stream is interrupted for a reason and will be taken up again by itself; undefined: it is connected again. */
  interrupted(reason: string | undefined): void;
}

/**
 * Subscribes until the returned function is called. The socket reconnects by itself; what ends the subscription all the same,
 * an error or the platform's own shut-down, starts it anew after a while.
 */
export function stream<Data, Variables extends Record<string, unknown>>(
  socket: Client,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  sink: StreamSink<Data>,
): () => void {
  let failures = 0;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe = () => {};
  const listeners = [
    socket.on('closed', () => stopped || sink.interrupted('connection lost')),
    socket.on('connected', () => stopped || sink.interrupted(undefined)),
  ];

  const again = (reason: string) => {
    if (stopped) return;
    sink.interrupted(reason);
    timer = setTimeout(start, backoff(++failures));
  };
  const start = () => {
    unsubscribe = socket.subscribe<Data>(
      { query: document.toString(), variables },
      {
        next: ({ data, errors }) => {
          if (errors?.length) sink.interrupted(errors.map((e) => e.message).join('\n'));
          if (!data) return;
          failures = 0;
          sink.next(data);
        },
        error: (error) => again(streamError(error)),
        complete: () => again('the platform ended the stream'),
      },
    );
  };
  start();
  return () => {
    stopped = true;
    clearTimeout(timer);
    for (const stopListening of listeners) stopListening();
    unsubscribe();
  };
}

function streamError(error: unknown): string {
  if (Array.isArray(error)) return error.map((e: { message: string }) => e.message).join('\n');
  if (error instanceof Error) return error.message;
  return 'connection lost';
}
