import { show } from "../contract/errors.ts";
import type { Refusal, Remark, Report, Reporter } from "../contract/outcomes.ts";
import type { Policy } from "../contract/request-and-policy.ts";

/** What was in the way, and what to write if it should not be; those that are nobody's mistake are not told. */
const WORDS: Readonly<Partial<Record<Refusal, readonly [why: string, remedy: string]>>> = {
  method: [
    "its method is not among the cached ones",
    'name it in methods: ["GET", "POST"] if its responses may be reused',
  ],
  credentials: [
    "the request carried credentials: Authorization, Cookie, a client certificate, or a field such as X-Api-Key",
    'if everyone may see this response, say scope: "everyone"; if each user has their own, give a function; ' +
      'if a field says nothing of who asks, name those that do in credentials: ["x-api-key"]',
  ],
  content: [
    "the request had content that the key does not hold",
    "send none with GET; for other methods put the body parser before the cache, and send JSON, text, a form or bytes",
  ],
  status: ["its status is not among the stored ones", "list it in statuses: [200, 404] if it should be"],
  "no-store": [
    "the response says Cache-Control: no-store",
    "take that out of the handler if the response may be stored",
  ],
  private: [
    "the response says Cache-Control: private",
    "say public in the handler if everyone may see the response",
  ],
  "no-cache": [
    "the response says Cache-Control: no-cache",
    "give max-age in the handler if the response may be reused without asking it",
  ],
  "vary-any": ["the response says Vary: *", "name the request headers that the handler looks at"],
  "set-cookie": [
    "the response carries Set-Cookie",
    'set the cookie elsewhere, or say setCookie: "strip" to store the response without it',
  ],
  "late-cookie": [
    "a cookie was set after the look-up, as the response left: a session in front of the cache, perhaps",
    'change no session in this handler, and leave saveUninitialized and rolling off; or say setCookie: "strip" to store the response without the cookie; or give a scope function, so that each user has their own',
  ],
  nonce: [
    "its Content-Security-Policy has a nonce, which is for one response, and its content may have it too",
    "name the hashes of inline scripts and styles ('sha256-...') in the policy, or move them into files",
  ],
  "event-stream": ["the response is an event stream", "leave this route uncached"],
  expired: ["its lifetime is 0", "give the route a ttl above 0, or the response a max-age"],
  "too-large": ["its content is larger than maxBodyBytes", "raise maxBodyBytes if memory allows"],
  "not-kept": [
    "the store did not keep it",
    "raise the store's bound, such as memoryStore({ maxBytes }), if memory allows",
  ],
  truncated: [
    "its content is not as long as its Content-Length",
    "let the handler say the length that it sends",
  ],
  malformed: [
    "a header field cannot be sent as it is, or the content is an object that only a later hook makes text",
    "let the handler encode it",
  ],
  unheard: [
    "it was answered past the framework, by a hijacked reply or the raw response",
    "answer by what the framework gives the handler, such as reply.send, or leave this route uncached",
  ],
  failed: [
    "its handler failed",
    "answer with a status in place of throwing, and list that in statuses, if it is no error",
  ],
  "search-rule": [
    "its No-Vary-Search is not that of the last response for this path",
    "let all responses of a path say the same",
  ],
};

/** What was in the way and what to write, of a refusal that is somebody's mistake. */
export function wordsOf(reason: Refusal): readonly [why: string, remedy: string] | undefined {
  return WORDS[reason];
}

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
    const words = WORDS[reason];
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
