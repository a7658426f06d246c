import { type InputHTMLAttributes, useId } from 'react';

interface Props extends Pick<InputHTMLAttributes<HTMLInputElement>, 'type' | 'inputMode' | 'autoComplete' | 'required'> {
  name: string;
  label: string;
  hint?: string;
  problem: string | undefined;
  /** Makes it a choice: texts by value. */
  options?: Record<string, string>;
}

/** A labelled input with its hint, or in place of the hint what is wrong with it. */
export function Field({ name, label, hint, problem, options, ...input }: Props) {
  const id = useId();
  const described = problem || hint ? `${id}-note` : undefined;
  const shared = { id, name, 'aria-describedby': described, 'aria-invalid': problem ? true : undefined };
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
