// What parsers are fed with: requests, heads and messages with one text wherever they can have it.
import { engineOf } from "caching-route/adapter";
import { createCache } from "caching-route";

const cache = createCache({ reporter: false, secret: "linear" });
export const policyOf = (options = {}) => engineOf(cache).policy(options, { route: "GET /a/:id" });
export const plain = policyOf();
export const shared = policyOf({ requestDirectives: true, scope: "shared" });
export const declaring = policyOf({ query: ["a", "b"] });

export const digest = { of: (bytes) => String(bytes.length), keyed: (text) => String(text.length), hasher };
function hasher() {
  let length = 0;
  return { update: (part) => void (length += part.length), finish: () => String(length) };
}

/** A request that has one text in all of its fields, its target and its content. */
export const asking = (text, more = {}) => ({
  method: "GET",
  origin: `http://${text}`,
  target: `/${text}`,
  native: {},
  header: () => text,
  content: () => text,
  ...more,
});

/** A handler's head that has one text in each field that the cache reads. */
export const saying = (text) => ({
  status: 200,
  fields: NAMES.map((name) => [name, text]),
  earlier: [["vary", text]],
});
const NAMES = [
  "access-control-allow-origin",
  "age",
  "cache-control",
  "cache-group-invalidation",
  "cache-groups",
  "cache-status",
  "cache-tag",
  "cdn-cache-control",
  "connection",
  "content-location",
  "content-security-policy",
  "content-type",
  "date",
  "etag",
  "expires",
  "last-modified",
  "location",
  "no-vary-search",
  "vary",
];

const ENTRY = {
  key: "k",
  variant: "",
  vary: [],
  status: 200,
  storedAt: 0,
  staleAt: 60_000,
  deleteAt: 90_000,
};
export const entryOf = (text) => ({ ...ENTRY, fields: saying(text).fields, body: bytes(text) });

/** As many distinct texts as `text` has characters. */
export const many = (text) => Array.from(text, (character, at) => `${character}${at}`);
/** The same as field names. */
export const names = (text) => Array.from(text, (_, at) => `n${at}`);
/** One field in so many spellings. */
export const inEachCase = (text) =>
  Object.fromEntries(
    Array.from(text, (_, at) => [
      at.toString(2).padStart(17, "0").replaceAll("0", "a").replaceAll("1", "A"),
      text.slice(0, 9),
    ]),
  );
export const bytes = (text) => new TextEncoder().encode(text);

/** A body that comes in so many small parts; of 128 K parts it is larger than what a key is made of. */
export function trickle(parts) {
  let left = parts;
  return new ReadableStream({
    pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(9)) : controller.close()),
  });
}

export async function drained(stream) {
  for await (const part of stream) void part;
}

/** A Node response, as far as fields go. */
export function response(fields = {}) {
  const said = new Map(Object.entries(fields));
  return {
    statusCode: 200,
    req: { headersDistinct: { "if-none-match": [fields.etag ?? ""] } },
    getHeader: (name) => said.get(name),
    getHeaders: () => Object.fromEntries(said),
    hasHeader: (name) => said.has(name),
    removeHeader: (name) => said.delete(name),
    setHeader: (name, value) => said.set(name, value),
  };
}

export const express = (text) => ({
  protocol: "http",
  url: `/${text}?${text}`,
  body: text,
  readableEnded: true,
  headers: { host: text, "x-forwarded-host": text, "content-length": text, "content-type": text },
  socket: {},
  app: { get: (name) => (name === "query parser fn" ? () => ({}) : () => true) },
});

const LIST = [" ", "\t", ",", '"', "\\", "=", "a", ";", "W/"];
const STRUCTURED = [" ", "\t", ",", '"', "\\", "=", "a", ";", "(", ")", "1", ".", ":", '%"', "%2e", "*"];
const DIRECTIVES = [" ", "\t", ",", '"', "\\", "=", ";", "a", "no-store", "private=", "max-age=", "1"];
const URLISH = ["/", "?", "#", "&", "=", "%", "%41", "+", "[", ":", "|"];
const WORDS = [" ", "\t", "a", "/", ";", "=", '"', ",", "+json", "charset", "\n"];
const DIGITS = ["1", "0", "-", "+", ".", "e", " ", ","];
const JSONISH = [" ", "{", "[", ",", '"', "\\", ":", "1", "0", "e", '"a":1,', "-"];

export const one = (parse, text) => parse(text);
export const list = (run = one, samples = ['a ;b="c, d"', 'W/"a" , b']) => ({ run, tokens: LIST, samples });
export const structured = (run = one) => ({
  run,
  tokens: STRUCTURED,
  samples: ['a=1;b="c"', '"a";b, "c"', 'a=(b "c" )'],
});
export const directives = (run = one) => ({ run, tokens: DIRECTIVES, samples: ['private="a, b"; x=1'] });
export const urlish = (run = one, samples = ["a://b?c[d]=%20#e"]) => ({ run, tokens: URLISH, samples });
export const words = (run = one) => ({ run, tokens: WORDS, samples: ['a/b ; charset="utf-8"', "a/b+json"] });
export const digits = (run = one, samples = ["-12.5", "3, 4"]) => ({ run, tokens: DIGITS, samples });
export const jsonish = (run = one) => ({ run, tokens: JSONISH, samples: ['{"a":[1.5e3,"\\""]}'] });
/** For what is made of what is fed by itself, or is slow by nature. */
export const some = (tokens, sample, run = one) => ({ run, tokens, samples: [sample] });
/** For parsers of lists: the length of a text is the number of members. */
export const members = (run = one) => ({ run, tokens: ["a"], samples: [] });
/** For what reads no text, or none that a client or a handler chooses: why that is so. */
export const none = (why) => ({ why });

export const MADE = none("it is given what is parsed or checked already, and looks into no text");
export const CODE = none("what it reads is written in the application's code");
export const STREAM = none("it moves parts and looks into none: its queues are short, or tested where it is");
