// The readers and writers of HTTP, by the file of `dist/` and the name of its export.
// `run` is called with the export and a text; `tokens` are what the grammar is made of, and `samples` what it allows,
// into which runs of tokens are put. `why`: it is not fed, and why that is right.
import {
  MADE,
  bytes,
  digits,
  directives,
  inEachCase,
  jsonish,
  list,
  many,
  members,
  names,
  none,
  one,
  some,
  structured,
  urlish,
  words,
} from "./fixtures.mjs";

export const http = {
  "http/beside.js": {
    besideEarlier: members((beside, text) => {
      beside("vary", names(text).join(), names(text).toReversed());
      beside("set-cookie", many(text), many(text));
    }),
  },
  "http/cache-control.js": { parseCacheControl: directives() },
  "http/client-cache-control.js": {
    faultOf: directives((fault, text) => fault(text, true)),
    fromNow: directives((make, text) => make(text, 1)),
    withPrivate: directives(),
  },
  "http/cache-tag.js": {
    parseCacheTag: list(),
    LONGEST_TAG: none("a number"),
    MOST_TAGS: none("a number"),
  },
  "http/cache-status.js": {
    formatCacheStatus: some(['"', "\\", "é", "a"], "a b", (format, text) =>
      format({ cache: text, key: text }),
    ),
    appendCacheStatus: members((append, text) => append(names(text), text)),
  },
  "http/conditional.js": {
    isNotModified: list((matches, text) => {
      matches({ ifNoneMatch: text }, { etag: '"x"' });
      matches({ ifModifiedSince: text }, { lastModified: text, date: 0 });
    }),
    NOT_MODIFIED_FIELDS: none("a set"),
    notModifiedFields: members((choose, text) => choose(names(text).map((name) => [name, text]))),
  },
  "http/delta-seconds.js": {
    parseAge: digits(),
    parseDeltaSeconds: digits(),
    MAX_DELTA_SECONDS: none("a number"),
  },
  "http/status.js": {
    isErrorStatus: none("it looks into no text"),
    isStorableStatus: none("it looks into no text"),
  },
  "http/structured-fields.js": { parseDictionary: structured(), parseStringList: structured() },
  "http/etag.js": {
    parseEntityTag: list(),
    parseEntityTags: list(),
    formatEntityTag: MADE,
    strongMatch: MADE,
    weakMatch: MADE,
  },
  "http/origin.js": {
    normalizeOrigin: some([":", "8", "[", "]", "A"], "http://A:80", (normalize, text) => {
      normalize(text);
      normalize(`http://${text}`);
      normalize(`http://a:${text}`);
    }),
    isOrigin: some(["a", ":", "8", "[", "]", "/", "."], "http://a:80", (check, text) => {
      check(text);
      check(`${text}://a`);
      check(`http://${text}`);
      check(`http://[${text}]:80`);
    }),
  },
  "http/fields.js": {
    fieldOf: members((find, text) =>
      find(
        names(text).map((name) => [name, ""]),
        text,
      ),
    ),
    combined: members((combine, text) => combine(many(text))),
    toFields: members((group, text) => {
      group(Object.fromEntries(names(text).map((name) => [name, text])));
      group(inEachCase(text));
    }),
    isFieldName: list(),
    isFieldValue: list(),
    isStoredField: list(),
    areSendable: members((check, text) =>
      check([["a", many(text)], ...names(text).map((name) => [name, "a"])]),
    ),
    subtractFields: members((subtract, text) => {
      subtract([["set-cookie", many(text)]], [["set-cookie", many(text).toReversed()]]);
      subtract([["vary", names(text).join()]], [["vary", names(text).toReversed().join()]]);
      subtract(
        names(text).map((name) => [name, "a"]),
        names(text)
          .toReversed()
          .map((name) => [name, "b"]),
      );
    }),
    changesOf: members((compare, text) => {
      compare([["set-cookie", many(text)]], [["set-cookie", many(text).toReversed()]]);
      compare([["vary", names(text).join()]], [["vary", names(text).toReversed().join()]]);
      compare([["link", many(text)]], [["link", many(text).slice(1)]]);
      compare([["link", `${text}, a`]], [["link", text]]);
      compare([["link", `a, ${text}`]], [["link", text]]);
      compare([["link", text]], [["link", "a"]]);
    }),
    isAddable: list(),
    linesOf: none("it looks into no text"),
    withoutFields: members((choose, text) =>
      choose(
        names(text).map((name) => [name, "a"]),
        ["a", "b"],
      ),
    ),
    fieldsOfPart: members((choose, text) => choose(names(text).map((name) => [name, "a"]))),
    endToEnd: members((choose, text) =>
      choose([["connection", names(text).join()], ...names(text).map((name) => [name, "a"])]),
    ),
    MESSAGE_FIELDS: none("a set"),
  },
  "http/http-date.js": {
    parseHttpDate: {
      run: one,
      tokens: [" ", "0", "a", ":", "-"],
      samples: ["Sun, 06 Nov 1994 08:49:37 GMT"],
    },
    formatHttpDate: none("it is given a number"),
  },
  "http/json.js": { parseExactJson: jsonish(), isJson: words() },
  "http/list.js": {
    parseList: list(),
    closingQuote: list((find, text) => find(`"${text}`, 0)),
    trimOws: list(),
    trimSpaces: list(),
    isOws: none("it is given one character"),
  },
  "http/multipart.js": {
    areWorthParts: members((judge, text) => judge(names(text).map((_, at) => ({ first: at, last: at })))),
    multipartRanges: members((cut, text) => {
      const range = { first: 0, last: 1 };
      cut(bytes(text), [range, range], text);
      cut(
        bytes(
          names(text)
            .map((_, at) => `--byteranges-${at}`)
            .join(),
        ),
        [range],
        text,
      );
      cut(bytes(`byteranges-${"1".repeat(text.length)}`), [range], text);
    }),
  },
  "http/no-vary-search.js": {
    parseNoVarySearch: { ...structured(), samples: ['params=("a" "b";c)', 'params, except=( "a" )'] },
    formatNoVarySearch: members((format, text) => format({ isExcept: true, names: new Set(many(text)) })),
    isSameRule: members((compare, text) =>
      compare({ isExcept: true, names: new Set(many(text)) }, { isExcept: true, names: new Set(many(text)) }),
    ),
    keepsBy: urlish((keeps, text) => keeps({ isExcept: true, names: new Set() }, text)),
  },
  "http/query.js": {
    parseQuery: urlish(),
    formatQuery: members((format, text) => {
      format(names(text).map((name) => ({ name, value: "a" })));
      format(names(text).map(() => ({ name: "a", value: "a" })));
    }),
    isLongQuery: urlish(),
    decodeComponent: urlish(),
    splitTarget: urlish(),
  },
  "http/range.js": {
    parseRange: digits((parse, text) => parse(`bytes=${text}`, 1000), ["0-1", "-5,", "7-, "]),
    formatContentRange: MADE,
    formatUnsatisfied: MADE,
    ifRangeHolds: list((holds, text) => holds(text, { etag: text, lastModified: text, date: 0 })),
  },
  "http/targeted.js": {
    parseCacheControls: structured((read, text) => read(text, text)),
    parseTargetedCacheControl: structured(),
  },
  "http/nonce.js": {
    noncesOf: some(["'", "nonce-", "'nonce-", "a", "=", ";", " "], "'nonce-a' 'self'", (read, text) =>
      read([text, undefined]),
    ),
    NonceFinder: some(["a", "b", "=", "aab"], "aab=", (Finder, text) =>
      new Finder([text, "aaab"]).finds(bytes(`${text.slice(1)}c`)),
    ),
    POLICY_FIELDS: none("a list"),
  },
  "http/vary.js": {
    parseVary: list(),
    mergeVary: members((merge, text) => {
      merge(text, [text]);
      merge(names(text).join(), names(text).toReversed());
    }),
    normalizeSelecting: list((normalize, text) => normalize("accept-language", text)),
  },
};
