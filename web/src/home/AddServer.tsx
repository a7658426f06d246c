import { useEffect, useRef } from 'react';
import { AddServerForm } from './AddServerForm';

interface Props {
  onAdded: () => void;
  onCancel: () => void;
}

export function AddServer({ onAdded, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="add-server-title" onCancel={onCancel}>
      <h2 id="add-server-title">Add a server</h2>
      <AddServerForm onAdded={onAdded} onCancel={onCancel} />
    </dialog>
  );
}
