import type { Refusal } from "./outcomes.ts";

/** For each refusal that the application can change: why, and what to write. The others are not reported. */
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
  tags: [
    "its Cache-Tag is malformed, a tag is longer than 1,024 characters, or it has more than 1,000 tags",
    "separate the tags of Cache-Tag by commas, without spaces in them; use fewer or shorter tags",
  ],
  "search-rule": [
    "its No-Vary-Search is not that of the last response for this path",
    "let all responses of a path say the same",
  ],
};

/** Returns why a response was refused and what to change, or undefined for a refusal that is no mistake. */
export function wordsOf(reason: Refusal): readonly [why: string, remedy: string] | undefined {
  return WORDS[reason];
}
