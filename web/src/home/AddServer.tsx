import { useEffect, useRef } from 'react';
import type { AddServerInput } from '../gql/graphql';
import { AddServerForm } from './AddServerForm';

interface Props {
  /** What is known of the server already. */
  known?: Partial<AddServerInput>;
  onAdded: () => void;
  onCancel: () => void;
}

export function AddServer({ known, onAdded, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="add-server-title" onCancel={onCancel}>
      <h2 id="add-server-title">Add a server</h2>
      <AddServerForm known={known} onAdded={onAdded} onCancel={onCancel} />
    </dialog>
  );
}
