import type { Refusal } from "./outcomes.ts";
import type { Policy } from "./request-and-policy.ts";

type Words = readonly [why: string, remedy: string];

/** For each refusal that the application can change: why, and what to write. The others are not reported. */
const WORDS: Readonly<Partial<Record<Refusal, Words>>> = {
  method: [
    "its method is not cached",
    'add it to methods, as in methods: ["GET", "POST"], if its responses may be reused',
  ],
  credentials: [
    "the request had credentials: Authorization, Cookie, a client certificate, or a field such as X-Api-Key",
    "does the handler read the cookie, or whichever of these it was? if it does not, everyone may see the response: " +
      'scope: "everyone"; if it does, each user has their own: scope: (request) => userOf(request); if a field ' +
      'does not identify the user, list those that do: credentials: ["x-api-key"]',
  ],
  content: [
    "the request had content, which is not in the key",
    "send none with GET; for other methods, put the body parser before the cache and send JSON, text, a form or bytes",
  ],
  status: ["its status is not stored", "add it to statuses, as in statuses: [200, 404], if it should be"],
  "no-store": [
    "the response has Cache-Control: no-store",
    "remove that in the handler if the response may be stored",
  ],
  private: [
    "the response has Cache-Control: private",
    "send public in its place if everyone may see the response; if each user has their own, leave it out and set " +
      "scope: (request) => userOf(request): clients are sent private then",
  ],
  "no-cache": [
    "the response has Cache-Control: no-cache",
    "send max-age in its place if the response may be reused without asking the handler",
  ],
  "vary-any": ["the response has Vary: *", "name the request headers that the handler reads"],
  "set-cookie": [
    "the response has Set-Cookie",
    'set the cookie in another response, or write setCookie: "strip" to store this one without it',
  ],
  "late-cookie": [
    "a cookie was set after the lookup, as the response was sent, perhaps by a session in front of the cache",
    'do not change the session in this handler, and leave saveUninitialized and rolling off; or write setCookie: "strip" to store the response without the cookie; or give a scope function, so that each user has their own response',
  ],
  nonce: [
    "its Content-Security-Policy has a nonce, which is for one response only, and its content may have it too",
    "use hashes of inline scripts and styles ('sha256-...') in the policy, or move them into files",
  ],
  "event-stream": ["the response is an event stream", "do not cache this route"],
  expired: ["its lifetime is 0", "give the route a ttl above 0, or the response a max-age"],
  "too-large": ["its content is larger than maxBodyBytes", "raise maxBodyBytes if memory allows"],
  "not-kept": [
    "the store did not keep it",
    "raise the store's limit, as in memoryStore({ maxBytes }), if memory allows",
  ],
  truncated: ["its content is not as long as its Content-Length", "correct the length in the handler"],
  malformed: [
    "a header field cannot be sent, or the content is an object that a later hook serializes",
    "serialize it in the handler",
  ],
  unheard: [
    "it was sent past the framework, by a hijacked reply or the raw response",
    "send it through the framework, as with reply.send or ctx.body, or do not cache this route",
  ],
  failed: [
    "its handler failed, or a function of the route (ttl, tags, clientCacheControl) did",
    "if the handler threw what is no error, send a status instead, and add it to statuses",
  ],
  tags: [
    "its Cache-Tag is malformed, a tag is longer than 1,024 characters, it has more than 1,000 tags, or processes share a store without marks",
    "separate the tags of Cache-Tag by commas, without spaces in them; use fewer or shorter tags; where processes share " +
      "the store, use a key, or a store that is this process's own",
  ],
  "search-rule": [
    "its No-Vary-Search is not that of the last response for this path",
    "send the same value in all responses of a path",
  ],
};

/** The words of a route with a `scope` function, where they are others. */
const WORDS_OF_SCOPED: typeof WORDS = {
  private: [
    "the response has Cache-Control: private",
    "leave it out: the scope function gives each user a response of their own, and clients are sent private where the " +
      "handler sets no Cache-Control",
  ],
};

/**
 * Returns why a response was refused and what to change, or undefined for a refusal that is no mistake. `scope` is that of
 * its route.
 */
export function wordsOf(reason: Refusal, scope?: Policy["scope"]): Words | undefined {
  return (typeof scope === "function" ? WORDS_OF_SCOPED[reason] : undefined) ?? WORDS[reason];
}
