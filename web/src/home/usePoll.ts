import { useCallback, useEffect, useRef, useState } from 'react';
import { backoff } from '../api/backoff';
import { reason, RequestError } from '../api/request';

export interface Problem {
  text: string;
  /** The platform can be reached and answered with an error. */
  answered: boolean;
}

export interface Poll<Data> {
  /** The newest answer; kept while the platform is away. */
  data: Data | undefined;
  /** When data arrived, on this computer's clock. */
  receivedAt: number;
  /** Why the last try brought nothing; undefined when it did. */
  problem: Problem | undefined;
  /** When the next try is made after a problem. */
  retryAt: number;
  /** Asks at once. */
  refresh: () => void;
}

/**
 * Asks again and again while the page is visible, `interval` milliseconds after each answer, with back-off after a problem.
 * `load` must stay the same function.
 */
export function usePoll<Data>(load: (signal: AbortSignal) => Promise<Data>, interval: number): Poll<Data> {
  const [state, setState] = useState<Omit<Poll<Data>, 'refresh'>>({ data: undefined, receivedAt: 0, problem: undefined, retryAt: 0 });
  const wake = useRef(() => {});

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let asking = false;
    const ask = async () => {
      if (asking || document.hidden) return;
      asking = true;
      clearTimeout(timer);
      let wait = interval;
      try {
        const data = await load(abort.signal);
        if (abort.signal.aborted) return;
        failures = 0;
        setState({ data, receivedAt: Date.now(), problem: undefined, retryAt: 0 });
      } catch (error) {
        if (abort.signal.aborted) return;
        wait = backoff(++failures);
        const problem = { text: reason(error), answered: error instanceof RequestError };
        setState((s) => ({ ...s, problem, retryAt: Date.now() + wait }));
      }
      asking = false;
      timer = setTimeout(ask, wait);
    };
    wake.current = ask;
    document.addEventListener('visibilitychange', ask);
    ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [load, interval]);

  const refresh = useCallback(() => void wake.current(), []);
  return { ...state, refresh };
}
