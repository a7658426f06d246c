import type { HealthQuery, LimitState } from '../gql/graphql';
import { type Limit, usedPercent, usedText } from './health';
import { Icon } from './Icon';
import { SectionProblem } from './SectionProblem';
import type { Poll } from './usePoll';

const looks: Record<LimitState, { text: string; look: string }> = {
  FAR: { text: 'Far from its limit', look: 'far' },
  NEAR: { text: 'Near its limit', look: 'warn' },
  REACHED: { text: 'Limit reached', look: 'bad' },
};

export function Limits({ health }: { health: Poll<HealthQuery> }) {
  const { data, problem } = health;
  return (
    <section aria-labelledby="limits-title">
      <div className="section-head">
        <h2 id="limits-title">Limits</h2>
      </div>
      <SectionProblem what="The limits" problem={problem} />
      {data?.limits.length === 0 && <p className="card empty">Nothing is limited.</p>}
      {data && data.limits.length > 0 && (
        <div className="card limits">
          <table>
            <caption className="visually-hidden">How much of each limit is used</caption>
            <thead className="visually-hidden">
              <tr>
                <th scope="col">Limit</th>
                <th scope="col">Used</th>
              </tr>
            </thead>
            <tbody>
              {data.limits.map((limit) => (
                <LimitRow key={limit.id} limit={limit} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function LimitRow({ limit }: { limit: Limit }) {
  const { text, look } = looks[limit.state];
  const percent = usedPercent(limit);
  const far = limit.state === 'FAR';
  return (
    <tr className={look} data-limit={limit.id}>
      <th scope="row" title={limit.consequence || undefined}>
        {limit.name}
        {!far && limit.consequence && <span className="note">{limit.consequence}</span>}
      </th>
      <td>
        <span className="used">{usedText(limit)}</span>
        {percent !== undefined && (
          <svg className="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect width="100" height="6" />
            <rect className="part" width={percent} height="6" />
          </svg>
        )}
        {far ? (
          <span className="visually-hidden">{text}</span>
        ) : (
          <span className="quality">
            <Icon name={limit.state === 'REACHED' ? 'bad' : 'warning'} />
            {text}
          </span>
        )}
      </td>
    </tr>
  );
}
