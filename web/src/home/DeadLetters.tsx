import { request } from '../api/request';
import { formatBytes, formatCount, formatTime } from '../format';
import { graphql } from '../gql';
import type { DeadLettersQuery } from '../gql/graphql';
import { SectionProblem } from './SectionProblem';
import { usePoll } from './usePoll';

const lettersShown = 20;
const interval = 10_000; // ms

const document = graphql(`
  query DeadLetters($first: Int!) {
    deadLetters(first: $first) {
      pageInfo { hasNextPage }
      edges { node { id time reason gateway group writer contentType size sequence head text } }
    }
  }
`);

type DeadLetter = DeadLettersQuery['deadLetters']['edges'][number]['node'];

function load(signal: AbortSignal): Promise<DeadLettersQuery> {
  return request(document, { first: lettersShown }, signal);
}

/** The newest frames that could not be processed, with the reasons. */
export function DeadLetters() {
  const { data, problem } = usePoll(load, interval);
  const edges = data?.deadLetters.edges;
  return (
    <section id="dead-letters" aria-labelledby="dead-letters-title" tabIndex={-1}>
      <div className="section-head">
        <h2 id="dead-letters-title">Refused frames</h2>
      </div>
      <SectionProblem what="The refused frames" problem={problem} />
      {edges?.length === 0 && <p className="card empty">No frame was refused.</p>}
      {edges && edges.length > 0 && (
        <ul className="card letters">
          {edges.map(({ node }) => (
            <Letter key={node.id} letter={node} />
          ))}
        </ul>
      )}
      {data?.deadLetters.pageInfo.hasNextPage && (
        <p className="note">
          The newest {lettersShown} are shown. The others: query <code>deadLetters</code> in the <a href="/playground">playground</a>.
        </p>
      )}
    </section>
  );
}

function Letter({ letter }: { letter: DeadLetter }) {
  return (
    <li data-letter={letter.id}>
      <p className="reason">{letter.reason}</p>
      <p className="note">
        {formatTime(letter.time)} · {letter.gateway} / {letter.group} / {letter.writer} · {formatBytes(letter.size)}
      </p>
      <details>
        <summary>
          Frame {formatCount(letter.sequence)}, {letter.contentType || 'no content type'}
        </summary>
        <code>{letter.text ?? letter.head.replace(/(..)(?=.)/g, '$1 ')}</code>
      </details>
    </li>
  );
}
