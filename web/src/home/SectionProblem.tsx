import { Icon } from './Icon';
import type { Problem } from './usePoll';

/** Says that a part of the page is not known though the platform answers; when it does not, the page says so at its top. */
export function SectionProblem({ what, problem }: { what: string; problem: Problem | undefined }) {
  if (!problem?.answered) return null;
  return (
    <p className="problem">
      <Icon name="warning" />
      <span>
        {what} are not known: {problem.text}
      </span>
    </p>
  );
}
