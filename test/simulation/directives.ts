import type { Random } from "./random.ts";

/** What a client says in the `Cache-Control` of its request; durations are in seconds. */
export interface Directives {
  readonly noCache?: true;
  readonly noStore?: true;
  readonly onlyIfCached?: true;
  readonly maxAge?: number;
  readonly minFresh?: number;
  /** True: however stale. */
  readonly maxStale?: number | true;
}

/** What a response is at the moment of a decision, in ms. */
interface Condition {
  readonly ageMs: number;
  /** For how long it stays fresh; negative where it is stale. */
  readonly freshMs: number;
}

/** What a response says against being served stale. */
interface Veto {
  readonly mustRevalidate: boolean;
  readonly noCache: boolean;
}

/** Draws one directive, at times two. */
export function drawDirectives(random: Random): Directives {
  const one = drawDirective(random);
  return random.chance(0.3) ? { ...one, ...drawDirective(random) } : one;
}

function drawDirective(random: Random): Directives {
  const seconds = random.pick([0, 1, 3, 10]);
  return random.pick<Directives>([
    { noCache: true },
    { noStore: true },
    { onlyIfCached: true },
    { maxAge: seconds },
    { minFresh: seconds },
    { maxStale: random.pick([seconds, true]) },
  ]);
}

/** The field that says them. */
export function formatDirectives(said: Directives): string {
  return [
    said.noCache && "no-cache",
    said.noStore && "no-store",
    said.onlyIfCached && "only-if-cached",
    said.maxAge === undefined ? undefined : `max-age=${said.maxAge}`,
    said.minFresh === undefined ? undefined : `min-fresh=${said.minFresh}`,
    said.maxStale === undefined
      ? undefined
      : said.maxStale === true
        ? "max-stale"
        : `max-stale=${said.maxStale}`,
  ]
    .filter((word) => word !== undefined)
    .join(", ");
}

/** Why a client does not want what another one's run has said, as long as that is not stale. */
export function turnedDown(said: Directives, { ageMs, freshMs }: Condition): string | undefined {
  if (said.noCache) return "the client said no-cache";
  if (said.maxAge !== undefined && ageMs > said.maxAge * 1000)
    return `it is ${ageMs} ms old, and the client said max-age=${said.maxAge}`;
  if (said.minFresh !== undefined && freshMs < said.minFresh * 1000)
    return `it is fresh for ${freshMs} ms, and the client said min-fresh=${said.minFresh}`;
  return undefined;
}

/** Whether a client welcomes what is stale by itself, and that lets itself be served stale. */
export function isWelcome({ maxStale }: Directives, said: Veto | undefined, { freshMs }: Condition): boolean {
  if (maxStale === undefined || said === undefined || said.mustRevalidate || said.noCache) return false;
  return maxStale === true || -freshMs <= maxStale * 1000;
}

/** Why a client does not want what its cache would serve it stale. */
export function staleTurnedDown(said: Directives, { freshMs }: Condition): string | undefined {
  if (said.onlyIfCached) return "the client said only-if-cached, and welcomed nothing stale";
  if (said.noStore) return "the client said no-store, and welcomed nothing stale";
  if (said.maxStale === undefined || said.maxStale === true || -freshMs <= said.maxStale * 1000)
    return undefined;
  return `it is stale for ${-freshMs} ms, and the client said max-stale=${said.maxStale}`;
}

/** Whether a client may have had a reason not to be given what others are. */
export function isPicky(said: Directives): boolean {
  return [said.noCache, said.noStore, said.maxAge, said.minFresh].some((one) => one !== undefined);
}
