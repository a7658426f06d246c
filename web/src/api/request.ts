import type { TypedDocumentString } from '../gql/graphql';
import { observeServerDate } from './clock';

const timeout = 10_000; // ms

interface ResponseError {
  message: string;
  extensions?: { code?: string; field?: string };
}

/** The platform answered, and refused. */
export class RequestError extends Error {
  /** The input field that was refused, if the platform named one: "endpointUrl". */
  readonly field: string | undefined;

  constructor(errors: ResponseError[]) {
    super(errors.map((e) => e.message).join('\n'));
    this.name = 'RequestError';
    this.field = errors[0]?.extensions?.field?.split('.').at(-1);
  }
}

/** Asks the platform. Throws a RequestError when it refuses and any other error when it cannot be reached. */
export async function request<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const limit = AbortSignal.timeout(timeout);
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json' },
    body: JSON.stringify({ query: document.toString(), variables }),
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  observeServerDate(response.headers.get('Date'));
  const answer = await parse<Data>(response);
  if (answer.errors?.length) throw new RequestError(answer.errors);
  if (!answer.data) throw new Error(`the platform answered ${response.status} without data`);
  return answer.data;
}

async function parse<Data>(response: Response): Promise<{ data?: Data | null; errors?: ResponseError[] }> {
  try {
    return await response.json();
  } catch {
    throw new Error(`the platform answered ${response.status} ${response.statusText}`.trim());
  }
}

/** What went wrong, in words for the operator. */
export function reason(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`;
  if (error instanceof TypeError) return 'the platform cannot be reached'; // how fetch reports a failed connection
  return error instanceof Error ? error.message : String(error);
}
