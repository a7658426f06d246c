import { useEffect, useState } from 'react';
import { formatCount } from '../format';
import { ApplicationCard } from './ApplicationCard';
import { applicationsInterval, applicationsLoader, applicationsShown, type Show } from './applications';
import { SectionProblem } from './SectionProblem';
import { usePoll } from './usePoll';
import { useSettled } from './useSettled';

interface Props {
  /** Changes when a discovery has ended, so that what it found is shown at once. */
  ended: number;
  onAdded: () => void;
}

/** The OPC UA applications that discoveries found. */
export function Applications({ ended, onAdded }: Props) {
  const [text, setText] = useState('');
  const [show, setShow] = useState<Show>('all');
  const settled = useSettled(text.trim());
  const [load, setLoad] = useState(() => applicationsLoader(show, settled));
  useEffect(() => setLoad(() => applicationsLoader(show, settled)), [show, settled]);
  const { data, problem, refresh } = usePoll(load, applicationsInterval);
  useEffect(() => refresh(), [refresh, ended]);
  const added = () => {
    refresh();
    onAdded();
  };

  return (
    <div className="applications">
      <div className="applications-head">
        <h3>Found applications{data && data.totalCount > 0 && ` (${formatCount(data.totalCount)})`}</h3>
        <select aria-label="Which applications" value={show} onChange={(e) => setShow(e.target.value as Show)}>
          <option value="all">All</option>
          <option value="new">Not added yet</option>
          <option value="gone">Not seen any more</option>
        </select>
        <input
          type="search"
          aria-label="Filter found applications"
          placeholder="Filter by name or address"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
      </div>
      <SectionProblem what="The found applications" problem={problem} />
      {data?.edges.length === 0 && <p className="card empty">{emptyText(show, settled)}</p>}
      {data && data.edges.length > 0 && (
        <ul className="card">
          {data.edges.map(({ node }) => (
            <ApplicationCard key={node.id} application={node} onAdded={added} />
          ))}
        </ul>
      )}
      {data && data.totalCount > applicationsShown && (
        <p className="note">
          The first {applicationsShown} of {formatCount(data.totalCount)} are shown. Filter to see others.
        </p>
      )}
    </div>
  );
}

function emptyText(show: Show, text: string): string {
  if (text) return `None of them has “${text}” in its name or addresses.`;
  if (show === 'new') return 'All that was found is added.';
  if (show === 'gone') return 'All that was found is still there.';
  return 'Nothing was found yet. Start a discovery: what answers appears here.';
}
