// The audits of the npm package graphql-http against SHOPFLOOR_URL: what GraphQL over HTTP says that a server MUST, SHOULD and MAY do.
// What it MUST and SHOULD has to hold.
import { auditServer } from 'graphql-http';

const url = `${process.env.SHOPFLOOR_URL}/graphql`;
const counts = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const { id, name, status, reason } of await auditServer({ url })) {
  counts[status]++;
  if (status !== 'ok') console.log(`${status.padEnd(6)} ${id} ${name}: ${reason}`);
}
console.log(`${url}: ${counts.ok} ok, ${counts.notice} MAY items, ${counts.warn} SHOULD items and ${counts.error} MUST items do not hold`);
process.exit(counts.ok === 0 || counts.warn + counts.error > 0 ? 1 : 0);
