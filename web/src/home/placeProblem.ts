import { reason, RequestError } from '../api/request';

/** What is wrong with a form's fields by their names; what concerns none of them stands under `form`. */
export type Problems<Fields> = Partial<Record<keyof Fields | 'form', string>>;

/**
 * The platform names the field that it refuses, beside its message or in it ("portRangesToScan: …"); a problem with a field that the form
 * does not have goes below the form.
 */
export function placeProblem<Fields extends object>(error: unknown, fields: Fields): Problems<Fields> {
  const text = reason(error);
  const at = (place: string, what: string) => ({ [place]: what }) as Problems<Fields>;
  if (!(error instanceof RequestError)) return at('form', text);
  if (error.field && error.field in fields) return at(error.field, text);
  for (const field of Object.keys(fields)) {
    const told = new RegExp(`\\b${field}: ([^]+)`).exec(text);
    if (told?.[1]) return at(field, told[1]);
  }
  return at('form', text);
}

/** Puts the focus on the first field with a problem, and tells whether there is any problem. */
export function focusProblem<Fields>(form: HTMLFormElement, problems: Problems<Fields>): boolean {
  const [first] = Object.keys(problems);
  if (first) form.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  return first !== undefined;
}
