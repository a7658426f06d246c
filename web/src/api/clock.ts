// Panel PCs often have a wrong clock, so ages are counted against the platform's clock, taken from the Date header of its
// answers. Small differences are ignored: the header has whole seconds.
const tolerance = 2000; // ms

let offset = 0; // ms that the platform's clock is ahead of this computer's

export function observeServerDate(date: string | null): void {
  const ahead = Date.parse(date ?? '') - Date.now();
  if (Number.isNaN(ahead)) return;
  offset = Math.abs(ahead) > tolerance ? ahead : 0;
}

/** The time on the platform's clock, in milliseconds since 1970. */
export function platformNow(): number {
  return Date.now() + offset;
}
