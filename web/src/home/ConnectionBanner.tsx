import { formatTime } from '../format';
import { Icon } from './Icon';
import { useNow } from './useNow';
import type { Poll } from './usePoll';

/** Says that the platform does not answer, since when, and when the next try is. Nothing while it answers. */
export function ConnectionBanner({ poll }: { poll: Poll<unknown> }) {
  const now = useNow();
  if (poll.problem === undefined) return null;
  const seconds = Math.max(0, Math.ceil((poll.retryAt - now) / 1000));
  return (
    <div className="banner">
      <Icon name="bad" />
      <div>
        <p role="alert">
          <strong>{poll.problem.answered ? 'Shopfloor answers with an error:' : 'No connection to Shopfloor:'}</strong> {poll.problem.text}.{' '}
          {poll.receivedAt > 0 && `What you see is from ${formatTime(poll.receivedAt)}.`}
          {poll.receivedAt === 0 && !poll.problem.answered && 'Is the process running?'}
        </p>
        <p>{seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…'}</p>
      </div>
      <button type="button" onClick={poll.refresh}>
        Try now
      </button>
    </div>
  );
}
