/** The seconds of each unit, by the first letters of its name. */
const UNITS: readonly (readonly [name: RegExp, seconds: number])[] = [
  [/^(ms|msecs?|milliseconds?)$/, 0.001],
  [/^(|s|secs?|seconds?)$/, 1],
  [/^(m|mins?|minutes?)$/, 60],
  [/^(h|hrs?|hours?)$/, 3600],
  [/^(d|days?)$/, 86_400],
  [/^(w|weeks?)$/, 604_800],
];

/** Returns what a text such as `"1m"` is in seconds, as a hint for an error message; undefined for what is no duration. */
export function asSeconds(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const [, number, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?) ?([a-z]{0,12})$/.exec(value.toLowerCase()) ?? [];
  const [, seconds] = UNITS.find(([name]) => name.test(unit)) ?? [];
  if (number === undefined || seconds === undefined) return undefined;
  return `seconds as a number: ${JSON.stringify(value)} is ${Number((Number(number) * seconds).toPrecision(12))}`;
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Returns whether a number of seconds was probably meant in milliseconds: people write whole hours and days. */
export function looksLikeMilliseconds(seconds: unknown): seconds is number {
  if (typeof seconds !== "number" || seconds === Infinity) return false;
  if (seconds > YEAR) return true;
  return (seconds >= 10_000 && seconds % HOUR !== 0) || (seconds >= 500_000 && seconds % DAY !== 0);
}

/** Returns a long duration for people, such as `16.7 hours`. */
export function inWords(seconds: number): string {
  const [size, name] =
    seconds < 2 * DAY ? [HOUR, "hours"] : seconds < 2 * YEAR ? [DAY, "days"] : [YEAR, "years"];
  return `${Number((seconds / size).toFixed(1))} ${name}`;
}
