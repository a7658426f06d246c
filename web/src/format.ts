// How numbers, times and values are written. The group separator is a narrow no-break space (ISO 80000-1): a comma and a
// point mean different things in different plants.
const groupSeparator = '\u202f';

function group(integer: string): string {
  return integer.replace(/\B(?=(\d{3})+(?!\d))/g, groupSeparator);
}

function groupNumber(text: string): string {
  const [integer = '', fraction] = text.split('.');
  return group(integer) + (fraction ? `.${fraction}` : '');
}

/** A measured number with the digits that a reader can use: about four, never fewer than its integer part has. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e12)) return value.toExponential(2);
  const useful = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  const given = String(value).split('.')[1]?.length ?? 0;
  return groupNumber(value.toFixed(Math.min(useful, given)));
}

/** A count as the platform gives it: an integer, or a 64-bit integer as a string. */
export function formatCount(count: number | string): string {
  return groupNumber(typeof count === 'number' ? String(Math.round(count)) : count);
}

/** A rate per second: whole numbers when there are many. */
export function formatRate(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? formatCount(perSecond) : perSecond.toFixed(1);
}

/** An amount of data in one unit of 1000: "512 B", "3.2 MB", "20 GB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (Math.abs(size) >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${groupNumber(String(Number(size.toFixed(unit === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2))))} ${units[unit]}`;
}

/** A length of time in one unit: "12 s", "5 min", "3 h", "2 d". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${group(String(Math.round(seconds / 86_400)))} d`;
}

/** How long ago something was: "now", "12 s ago". */
export function formatAge(milliseconds: number): string {
  return milliseconds < 2500 ? 'now' : `${formatDuration(milliseconds)} ago`;
}

/** A point in time in the reader's time zone: "2026-01-02 03:04:05". */
export function formatTime(time: string | number): string {
  const t = new Date(time);
  if (Number.isNaN(t.getTime())) return String(time);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
  return `${day} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

const integerTypes = /^(S?Byte|U?Int(16|32|64))$/;

/** An OPC UA value as GraphQL gives it (Variant), by its built-in type. */
export function formatValue(value: unknown, dataType: string | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return integerTypes.test(dataType ?? '') ? formatCount(value) : formatNumber(value);
  if (typeof value === 'string') return formatText(value, dataType);
  if (Array.isArray(value)) return value.map((v) => formatValue(v, dataType?.replace('[]', ''))).join(', ');
  const { text, encoding, body } = value as { text?: unknown; encoding?: unknown; body?: unknown };
  if (typeof text === 'string') return text;
  if (encoding === 'binary' && typeof body === 'string') return `structure of ${formatBytes(base64Length(body))}`;
  if (typeof body === 'object' && body !== null) return formatFields(body);
  return JSON.stringify(value);
}

/** The fields of a structure: "Recipe Oat 500 g · Quantity 500". */
function formatFields(body: object): string {
  return Object.entries(body)
    .map(([name, field]) => `${name} ${formatValue(field, null)}`)
    .join(' · ');
}

function base64Length(text: string): number {
  return (text.length * 3) / 4 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
}

function formatText(text: string, dataType: string | null | undefined): string {
  if (dataType === 'DateTime') return formatTime(text);
  if (dataType === 'Int64' || dataType === 'UInt64') return formatCount(text);
  return text;
}

/** A thumbprint as tools show it: "3F:A1:…". */
export function formatThumbprint(thumbprint: string): string {
  return thumbprint.toUpperCase().replace(/[^0-9A-F]/g, '').replace(/(..)(?=.)/g, '$1:');
}

/** The words of a name in camel case, and an index, to break lines between: "Zone", "Temperatures", "[7]". */
export function camelWords(name: string): string[] {
  return name.split(/(?<=[a-z0-9])(?=[A-Z[])/);
}

/** "SIGN_AND_ENCRYPT" to "Sign and encrypt". */
export function formatEnum(name: string): string {
  const words = name.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
