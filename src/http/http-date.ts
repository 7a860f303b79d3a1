const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const IMF_FIXDATE =
  /^(?:mon|tue|wed|thu|fri|sat|sun), (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) gmt$/;
const RFC_850 =
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) gmt$/;
const ASCTIME =
  /^(?:mon|tue|wed|thu|fri|sat|sun) (?<month>[a-z]{3}) (?<day>\d\d| \d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/;

/**
 * Returns the instant of an HTTP-date in epoch milliseconds, or undefined if it is malformed. Accepts all three forms
 * (RFC 9110 §5.6.7) in any case (RFC 9111 §4.2). A two-digit year more than 50 years after `nowMs` is in the past. Without
 * `nowMs`, two-digit years are from 1970 to 2069.
 */
export function parseHttpDate(text: string, nowMs?: number): number | undefined {
  if (text.length > LONGEST) return undefined;
  const lower = text.toLowerCase();
  const groups = (IMF_FIXDATE.exec(lower) ?? RFC_850.exec(lower) ?? ASCTIME.exec(lower))?.groups as
    | Parts
    | undefined;
  if (groups === undefined) return undefined;
  if (groups.year.length === 4) return instantOf(Number(groups.year), groups);
  return twoDigitYear(groups, nowMs);
}

/** Returns the IMF-fixdate of an instant in epoch milliseconds, limited to the years 0 to 9999 (RFC 9110 §5.6.7). */
export function formatHttpDate(ms: number): string {
  return new Date(Math.min(Math.max(ms, FIRST_MS), LAST_MS)).toUTCString();
}

const LONGEST = "Wednesday, 09-Nov-94 08:49:37 GMT".length;
const FIRST_MS = -62_167_219_200_000;
const LAST_MS = 253_402_300_799_000;

interface Parts {
  readonly day: string;
  readonly month: string;
  readonly year: string;
  readonly time: string;
}

function twoDigitYear(parts: Parts, nowMs: number | undefined): number | undefined {
  const short = Number(parts.year);
  if (nowMs === undefined) return instantOf(short < 70 ? 2000 + short : 1900 + short, parts);
  const horizon = new Date(nowMs);
  horizon.setUTCFullYear(horizon.getUTCFullYear() + 50);
  const lastYear = horizon.getUTCFullYear();
  const year = lastYear - ((lastYear - short) % 100);
  const latest = instantOf(year, parts);
  return latest !== undefined && latest <= horizon.getTime() ? latest : instantOf(year - 100, parts);
}

function instantOf(year: number, parts: Parts): number | undefined {
  const month = MONTHS.indexOf(parts.month);
  const day = Number(parts.day);
  const hour = Number(parts.time.slice(0, 2));
  const minute = Number(parts.time.slice(3, 5));
  const second = Number(parts.time.slice(6, 8));
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCDate() !== day) return undefined;
  // Epoch time has no leap seconds: one becomes the second before it (RFC 9111 §4.2).
  return date.setUTCHours(hour, minute, Math.min(second, 59));
}
