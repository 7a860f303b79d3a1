// Whatever else looks into text, by the file of `dist/` and the name of its export.
// `run` is called with the export and a text; `tokens` are what the grammar is made of, and `samples` what it allows,
// into which runs of tokens are put. `why`: it is not fed, and why that is right.
import {
  CODE,
  STREAM,
  asking,
  declaring,
  digest,
  digits,
  directives,
  entryOf,
  list,
  many,
  members,
  names,
  none,
  plain,
  policyOf,
  saying,
  shared,
  some,
  structured,
  urlish,
  words,
} from "./fixtures.mjs";

export const others = {
  "core/explain/described-request.js": {
    describedUrl: urlish((split, text) => {
      split({ url: text });
      split({ url: `/${text}` });
    }),
    describedRequest: members((make, text) =>
      make({ headers: { host: text } }, { target: text }, many(text)),
    ),
  },
  "core/policy/declared-query.js": {
    declaredQuery: some(["/", "~1", "a"], "a/b", (declare, text) => declare({ $ref: `#/${text}` })),
  },
  "core/request/directives.js": {
    directivesOf: directives((demand, text) => {
      demand(asking(text), shared).accepts(entryOf(text), 0);
      demand(asking(text, { header: (name) => (name === "pragma" ? text : undefined) }), shared);
    }),
  },
  "core/contract/durations.js": {
    asSeconds: some(["1", "m", " ", "."], "1m", (read, text) => read(text)),
  },
  "core/contract/errors.js": { asError: list(), show: list(), summaryOf: list() },
  "core/contract/options.js": { checkedOptions: CODE, invalid: CODE },
  "core/explain/explanation.js": {
    explanationOf: some(["\n", "a", "\u2028"], "a", (say, text) =>
      say(
        { request: asking(text), policy: plain, verdict: { outcome: "miss", status: {}, because: [text] } },
        [text],
      ),
    ),
  },
  "core/flight/broadcast.js": { Broadcast: STREAM },
  "core/policy/policy.js": { resolvePolicy: CODE },
  "core/request/cache-key.js": {
    keyParts: some(["|", "%7C", "?", "/"], "|u|a", (read, text) => {
      read(text, text);
      read(`|u|GET|||${text}`, "");
      read(`|k|${text}`, `GET|${text}|`);
    }),
    keyOf: some(["%41", "|", "&", "="], "a?b", (name, text) => {
      name(asking(text), declaring, digest);
      name(asking(text, { method: "POST" }), plain, digest);
    }),
    namedEntry: some(["|", "%", "a"], "a|b", (name, text) => name(text, text)),
    plainVariant: members((choose, text) => choose(text)(names(text))),
    routeSelector: some(["|", "%", "a"], "a|b", (name, text) => name(text, text)),
    uriResourcePrefix: some(["|", "%", "a"], "a|b", (name, text) => name(text, text, text, text)),
    variantOf: some([" ", ";", ",", "%"], "a ;b, c", (choose, text) =>
      choose("", ["accept-language"], () => text),
    ),
  },
  "core/request/normalized-target.js": {
    TargetCache: some(["/", "%41", "&", "["], "a?b", (TargetCache, text) => {
      const known = new TargetCache("", declaring.query);
      known.setRule(text, `/${text}`, { isExcept: true, names: new Set([text]) });
      known.of(text, `/${text}`);
      known.peek(`http://${text}`, `/?a=${text}`);
    }),
    keepsParameter: urlish((keeps, text) => keeps(declaring.query, text)),
    undeclaredNames: urlish((read, text) => read(`/a?${text}`, declaring)),
  },
  "core/policy/option-checks.js": {
    checkRouteOptions: CODE,
  },
  "stores/redis.js": { redisStore: CODE },
  "stores/redis/marks.js": {
    RedisMarks: some(['"', "\\", "\ud800", "|", "a"], "t|\ud800", async (RedisMarks, text) => {
      const send = async () => [[text, "1", JSON.stringify(text), "2"], []];
      const marks = new RedisMarks({ send }, ["a", "b"]);
      await marks.add([text], 0);
      await marks.read(0);
    }),
  },
  "stores/redis/names.js": {
    namesOf: some(["{", "#", "*", "\\", "a"], "a{b}", (namesOf, text) => {
      const names = namesOf(text);
      names.resource(text);
      names.lease(text);
    }),
    partOf: some(["{", "#", " ", "\ud800", "a"], "#a{"),
  },
  "stores/memory/weight.js": { weigh: list((weigh, text) => weigh(entryOf(text))) },
  "core/reply/representation.js": {
    Responder: list((Responder, text) => {
      const selection = { ifNoneMatch: text, ifRange: text, range: `bytes=0-1,${text}` };
      new Responder().reply(entryOf(text), "GET", selection, []);
    }),
    replyOnce: digits(
      (reply, text) => reply(entryOf(text), "GET", { range: `bytes=0-1,${text}` }, []),
      ["1-2"],
    ),
  },
  "core/explain/routes.js": {
    Routes: some(["/", "*", ":", "?"], "a/:b", (Routes, text) => {
      const routes = new Routes();
      routes.declare({ route: `GET,HEAD /${text}` });
      routes.declare({ route: `GET /${text}/:id/*` });
      routes.choose(undefined, "GET", `/${text}`);
      routes.choose(undefined, "GET", `/${text}b`);
    }),
  },
  "core/storing/storable.js": {
    refusalOf: words((judge, text) => {
      const head = { ...saying(text), cacheControl: {}, vary: [], nonces: [] };
      judge(
        { ...head, cacheControl: { noStore: false, noCache: false, private: false } },
        plain,
        asking(text),
      );
    }),
  },
  "core/storing/stored-fields.js": {
    storedFields: list((choose, text) => choose(saying(text), plain, undefined)),
    variesBy: list((merge, text) => merge(saying(text), plain)),
    variantFields: members((merge, text) =>
      merge(names(text), { ...saying(text), vary: names(text) }, plain),
    ),
  },
  "core/invalidation/handler-tags.js": {
    addTags: members((add, text) => add({}, many(text), text)),
    areTags: members((are, text) => are(many(text))),
    takeTags: none("it looks into no text"),
  },
  "invalidate.js": {
    cannotMark: members((wrong, text) => wrong({ name: text })),
    Invalidator: none("it hands its texts to which.js"),
    invalidationsOf: none("it looks into no text"),
  },
  "core/invalidation/ledger.js": {
    Ledger: members((Ledger, text) => {
      const ledger = new Ledger(() => 1000);
      ledger.mark(names(text));
      ledger.pend(names(text));
      ledger.isDead({ key: text, names: names(text), began: 0 });
    }),
  },
  "core/invalidation/names.js": {
    calledBy: members((called, text) => called({ key: text, names: names(text) })),
    groupName: members((name, text) => name(text, text)),
    hasTag: members((has, text) => has(names(text))),
    isKeyName: members((is, text) => is(text)),
    isOfAnyOrigin: members((is, text) => is(text)),
    isTagName: members((is, text) => is(text)),
    isUrlName: members((is, text) => is(text)),
    keyName: members((name, text) => name(text)),
    namespaceName: members((name, text) => name(text)),
    parametersName: members((name, text) => name(text, { [text]: text }, digest)),
    placesOf: members((places, text) =>
      places(
        { target: text, rewritten: text, params: { a: text } },
        { name: text, route: text, namespace: text },
        text,
        digest,
      ),
    ),
    routeName: members((name, text) => name(text)),
    tagName: members((name, text) => name(text)),
    urlName: members((name, text) => name(text, text, digest)),
    urlOfAnyOrigin: members((name, text) => name(`u|${text}`)),
  },
  "core/invalidation/path-pattern.js": {
    parameterText: members((shown, text) => shown(many(text))),
    expanded: members((expand, text) => expand(text, { a: text })),
    parametersIn: members((parameters, text) => parameters(text)),
    valuesOf: members((values, text) => {
      const parameters = [{ name: "a", isOptional: false }];
      values(parameters, { a: text }, "/:a", text);
      values(parameters, {}, `/:a${text}`, `/${text}`);
    }),
  },
  "core/invalidation/which.js": {
    isSoft: none("it looks into no text"),
    namesIn: members((namesOf, text) => {
      const known = { digest, qualified: (name) => name, pathOf: () => text, routes: () => [text] };
      for (const which of [
        { url: text },
        { url: `/${text}` },
        { route: text },
        { namespace: text },
        { tag: text },
      ]) {
        try {
          namesOf(which, known);
        } catch {
          // It refuses some of them.
        }
      }
    }),
  },
  "core/contract/route-pattern.js": {
    pathsOfRoute: members((pathsOf, text) => pathsOf({ name: text, route: `GET /${text}` })),
    pathOfRoute: members((pathOf, text) => pathOf({ name: text, route: `GET /${text}` })),
    patternOf: members((pattern, text) => pattern(`GET /${text}`)),
  },
  "core/invalidation/soft-marks.js": {
    SoftMarks: members((SoftMarks, text) => {
      const marks = new SoftMarks(100);
      marks.add(names(text), 1, 1);
      marks.staleSince({ names: names(text), began: 0 });
    }),
  },
  "core/invalidation/tags.js": {
    CACHE_TAG: none("a name"),
    hasTags: members((has, text) => has({ ...saying(text), tags: many(text) })),
    ownTagsOf: members((choose, text) => choose({ names: many(text) })),
    outdatedGroups: structured((read, text) => read(asking(text), saying(text))),
    tagsOf: structured((read, text) =>
      read(asking(text), saying(text), policyOf({ invalidateOnUnsafe: true })),
    ),
  },
  "core/invalidation/unsafe-methods.js": {
    outdatedResources: urlish((read, text) => read({ ...asking("a"), method: "POST" }, saying(text), plain)),
  },
};
