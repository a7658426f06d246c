import { type InputHTMLAttributes, useId } from 'react';

interface Props extends Pick<InputHTMLAttributes<HTMLInputElement>, 'type' | 'inputMode' | 'autoComplete' | 'required'> {
  name: string;
  label: string;
  hint?: string;
  problem: string | undefined;
  /** What it has at first. */
  initial?: string;
  /** Makes it a choice: texts by value. */
  options?: Record<string, string>;
  onValue?: (value: string) => void;
}

/** A labelled input with its hint, or in place of the hint what is wrong with it. */
export function Field({ name, label, hint, problem, initial, options, onValue, ...input }: Props) {
  const id = useId();
  const described = problem || hint ? `${id}-note` : undefined;
  const shared = {
    id,
    name,
    defaultValue: initial,
    'aria-describedby': described,
    'aria-invalid': problem ? true : undefined,
    onChange: onValue && ((e: { target: { value: string } }) => onValue(e.target.value)),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {options ? (
        <select {...shared}>
          {Object.entries(options).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      ) : (
        <input {...shared} {...input} spellCheck={false} />
      )}
      {described && (
        <div id={described} className={problem ? 'field-problem' : 'hint'} role={problem ? 'alert' : undefined}>
          {problem ?? hint}
        </div>
      )}
    </div>
  );
}
