/**
 * How long to wait before try number `failures` + 1, in milliseconds: doubling from 1 s to 15 s, with a random part so that
 * the screens of a whole plant do not come back in the same instant.
 */
export function backoff(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(1000 * 2 ** Math.max(0, failures - 1), 15_000);
  return Math.round(longest * (0.5 + random() / 2));
}
