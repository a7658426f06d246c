import { useRef, useState } from 'react';

/** A text with a button that copies it. Browsers copy only on HTTPS or this very computer; elsewhere the text gets selected. */
export function CopyText({ text }: { text: string }) {
  const code = useRef<HTMLElement>(null);
  const [done, setDone] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('Copied');
    } catch {
      getSelection()?.selectAllChildren(code.current!);
      setDone('Selected: press Ctrl+C');
    }
  };
  return (
    <div className="copy">
      <code ref={code}>{text}</code>
      <button type="button" onClick={copy} aria-label={`Copy ${text}`}>
        Copy
      </button>
      <span role="status">{done}</span>
    </div>
  );
}
