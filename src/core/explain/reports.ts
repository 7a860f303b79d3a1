import { show } from "../contract/errors.ts";
import type { Refusal, Remark, Report, Reporter } from "../contract/outcomes.ts";
import { wordsOf } from "../contract/refusal-words.ts";
import type { Policy } from "../contract/request-and-policy.ts";

/** Of how many parameters of a route it is told: clients choose their names (hazard 17). */
const MOST_PARAMETERS = 10;

/**
 * Tells the first refusal of each route and reason, in words and with the remedy, so that nobody wonders why a route
 * is never a hit.
 */
export class Reports {
  readonly #reporter: Reporter;
  readonly #told = new Set<string>();
  readonly #parameters = new Map<string, Set<string>>();

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  tell(route: string, reason: Refusal): void {
    const words = wordsOf(reason);
    const name = `${reason} ${route}`;
    if (words === undefined || this.#told.has(name)) return;
    this.#told.add(name);
    const [why, remedy] = words;
    const report: Report = { route, reason, message: `${route} was not stored: ${why}; ${remedy}` };
    this.#reporter(report);
  }

  /** Tells that a route keeps parameters from its handler: each once, and so many at most; `names` is asked only then. */
  tellUndeclared(route: string, names: () => readonly string[]): void {
    let told = this.#parameters.get(route);
    if (told === undefined) this.#parameters.set(route, (told = new Set()));
    if (told.size >= MOST_PARAMETERS) return;
    for (const name of names()) {
      const shown = show(name);
      if (told.has(shown) || told.size >= MOST_PARAMETERS) continue;
      told.add(shown);
      const more = told.size < MOST_PARAMETERS ? "" : "; no more of this route will be told";
      this.#reporter({
        route,
        reason: "undeclared",
        message:
          `${route} does not see the query parameter ${shown}: the route does not declare it, so it is not in the key; ` +
          `declare it if the handler reads it, or say query: "all"${more}`,
      });
    }
  }

  /** Tells the first meeting of two routes on one key of their own functions. */
  tellMet(first: Policy, second: Policy, key: string): void {
    const [one, other] = [first, second].map(({ route, name }) =>
      first.route === second.route ? name : route,
    ) as [string, string];
    this.#tellOnce(
      "same-key",
      [one, other].toSorted().join(" "),
      second.route,
      `${one} and ${other} have met on the key ${show(key)}, and are answered with each other's responses; ` +
        'let "key" name what tells them apart, or give one of them a "namespace", if they should not be',
    );
  }

  /** Tells of a name that two declarations of one cache were given. */
  tellTwice(name: string, route: string): void {
    this.#tellOnce(
      "same-name",
      name,
      route,
      `two routes of one cache are called ${show(name)}; they share nothing in this process, and another process ` +
        'cannot tell the second by its name: give each a name of its own, as in route: "reports"',
    );
  }

  #tellOnce(reason: Remark, what: string, route: string, message: string): void {
    const name = `${reason} ${what}`;
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#reporter({ route, reason, message });
  }
}
