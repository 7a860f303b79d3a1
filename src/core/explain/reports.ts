import { inWords, looksLikeMilliseconds } from "../contract/durations.ts";
import { show } from "../contract/errors.ts";
import type { Refusal, Remark, Report, Reporter } from "../contract/outcomes.ts";
import { wordsOf } from "../contract/refusal-words.ts";
import type { Policy } from "../contract/request-and-policy.ts";

const DURATIONS: ReadonlySet<string> = new Set([
  "ttl",
  "staleWhileRevalidate",
  "staleIfError",
  "handlerTimeout",
  "maxWait",
  "uncacheableTtl",
]);

/** The most parameters to report per route: clients choose their names (hazard 17). */
const MOST_PARAMETERS = 10;

/** The most invalidations to report that have found nothing: their keys may come from clients. */
const MOST_FINDINGS = 10;

/** Reports, once each and in words, why responses of a route are not stored and where routes conflict, with the remedy. */
export class Reports {
  readonly #reporter: Reporter;
  readonly #reported = new Set<string>();
  readonly #parameters = new Map<string, Set<string>>();
  #findings = 0;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Reports the first refusal of each route and reason. */
  refusal({ route, scope }: Pick<Policy, "route" | "scope">, reason: Refusal): void {
    const words = wordsOf(reason, scope);
    const name = `${reason} ${route}`;
    if (words === undefined || this.#reported.has(name)) return;
    this.#reported.add(name);
    const [why, remedy] = words;
    const report: Report = { route, reason, message: `${route} was not stored: ${why}; ${remedy}` };
    this.#reporter(report);
  }

  /** Reports parameters that a route hides from its handler. `names` is called only while there is something to report. */
  undeclared(route: string, names: () => readonly string[]): void {
    let reported = this.#parameters.get(route);
    if (reported === undefined) this.#parameters.set(route, (reported = new Set()));
    if (reported.size >= MOST_PARAMETERS) return;
    for (const name of names()) {
      const shown = show(name);
      if (reported.has(shown) || reported.size >= MOST_PARAMETERS) continue;
      reported.add(shown);
      const more =
        reported.size < MOST_PARAMETERS ? "" : "; further parameters of this route are not reported";
      this.#reporter({
        route,
        reason: "undeclared",
        message:
          `the handler of ${route} does not see the query parameter ${shown}: the route does not declare it, so it is not in the key; ` +
          `declare it if the handler reads it, or write query: "all"${more}`,
      });
    }
  }

  /** Reports that two routes share a key of their own `key` functions. */
  sameKey(first: Policy, second: Policy, key: string): void {
    const [one, other] = [first, second].map(({ route, name }) =>
      first.route === second.route ? name : route,
    ) as [string, string];
    this.#once(
      "same-key",
      [one, other].toSorted().join(" "),
      second.route,
      `${one} and ${other} both use the key ${show(key)}, so each is served the other's responses; ` +
        "if that is not intended, return different keys, or give one of them a namespace",
    );
  }

  /** Reports that two declarations of one cache have one name. */
  sameName(name: string, route: string): void {
    this.#once(
      "same-name",
      name,
      route,
      `two routes of one cache are named ${show(name)}, so the second shares no entries with other processes; ` +
        'give each its own name, as in route: "reports"',
    );
  }

  /** Reports durations that are probably in milliseconds. `declared` names the declaration, `route` is its name in messages. */
  durations(declared: string, route: string, options: object): void {
    for (const [name, value] of Object.entries(options)) {
      if (!DURATIONS.has(name) || !looksLikeMilliseconds(value)) continue;
      this.#once(
        "milliseconds",
        `${name} ${value} ${declared}`,
        route,
        `${route}: ${name} is ${value} seconds, which is ${inWords(value)}; durations are in seconds: did you mean ${value / 1000}?`,
      );
    }
  }

  /** Reports what an invalidation has not found. `asked` is the call; `why` tells what there is instead. */
  nothingInvalidated(
    asked: string,
    found: "nothing" | "no such route" | "no such namespace",
    why: string,
  ): void {
    if (this.#findings >= MOST_FINDINGS) return;
    const message = `cache.invalidate(${asked}) has found ${found}: ${why}`;
    if (this.#once("nothing-invalidated", asked, "cache.invalidate", message)) this.#findings++;
  }

  /** Returns whether it is the first report of its kind. */
  #once(reason: Remark, what: string, route: string, message: string): boolean {
    const name = `${reason} ${what}`;
    if (this.#reported.has(name)) return false;
    this.#reported.add(name);
    this.#reporter({ route, reason, message });
    return true;
  }
}
