// What the adapters read of text, by the file of `dist/` and the name of its export; as in `others.mjs`.
import {
  CODE,
  STREAM,
  bytes,
  drained,
  express,
  inEachCase,
  list,
  many,
  members,
  names,
  plain,
  policyOf,
  response,
  some,
  trickle,
  urlish,
  words,
} from "./fixtures.mjs";

export const adapters = {
  "adapters/express/layers.js": {
    recordLayer: CODE,
    currentLayer: CODE,
    countPlaces: CODE,
    routeOf: CODE,
    placeOf: CODE,
  },
  "adapters/express/request.js": {
    narrowQuery: members((narrow, text) => {
      const query = Object.fromEntries(names(text).map((name) => [name, text]));
      narrow(Object.assign(express(text), { query }), `/${text}?${text}`, () => true);
    }),
    requestOrigin: some([" ", ",", "a"], "a , b", (read, text) => read(express(text))),
  },
  "adapters/koa/head.js": {
    guard: words((guard, text) => guard({ method: "GET", res: response() }, 304, text)),
    sendReply: { why: "it looks into text by setHead" },
    setHead: words((set, text) => {
      const ctx = { method: "GET", res: response({ vary: text }) };
      set(ctx, { status: 304, fields: [] }, null);
    }),
  },
  "adapters/koa/layers.js": { placeOf: CODE },
  "adapters/koa/request.js": {
    mountOf: urlish((read, text) =>
      read({ url: `/${text}`, originalUrl: `/${text}/${text}`, mountPath: `/${text}` }),
    ),
    callOf: urlish((read, text) => {
      const req = { ...express(text), httpVersionMajor: 1 };
      const ctx = { req, request: { body: text }, app: {}, get: () => "", protocol: "http" };
      const call = read(
        { ...ctx, url: `/${text}`, originalUrl: `/${text}/${text}`, mountPath: `/${text}` },
        {},
      );
      call.content();
    }),
    narrowRequest: urlish((narrow, text) => {
      const req = { url: `/${text}?${text}`, headers: { host: text }, rawHeaders: [], httpVersionMajor: 1 };
      const fill = { hidden: [], conditions: [], target: `/${text}?${text}`, received: undefined };
      narrow({ req, request: {} }, fill)();
    }),
  },
  "adapters/nestjs/query.js": { declaredQueryOf: CODE },
  "adapters/nestjs/routes.js": { CachedRoutes: CODE },
  "adapters/node/narrow-url.js": {
    narrowUrl: members((narrow, text) => {
      const query = Object.fromEntries(names(text).map((name) => [name, text]));
      const fill = { target: `/${text}?${text}`, received: undefined, keepsParameter: () => true };
      narrow(Object.assign(express(text), { query }), fill);
    }),
  },
  "adapters/node/parsed-content.js": {
    parsedContent: some([" ", "\n", "multipart", "/"], " multipart/a", (read, text) =>
      read({ ...express(text), httpVersionMajor: 1 }, text),
    ),
  },
  "adapters/fastify/deferred-head.js": {
    DeferredHead: members((DeferredHead, text) => {
      const fields = { "set-cookie": many(text), "content-security-policy": text };
      const headers = { ...fields };
      const reply = {
        getHeaders: () => headers,
        getHeader: (name) => headers[name],
        header: (name, value) => void (headers[name] = value),
      };
      const head = new DeferredHead(reply, { defer: () => () => [] });
      head.begin();
      head.end();
    }),
  },
  "adapters/fastify/declaration.js": { declaredQueryOf: CODE },
  "adapters/fastify/request.js": {
    FastifyRecord: urlish((FastifyRecord, text) => {
      const raw = { url: `/${text}`, headers: { "content-length": text }, baseUrl: `/${text}` };
      const record = new FastifyRecord({ raw, originalUrl: `/${text}/${text}`, server: {} }, text);
      record.content();
      void record.refresh;
    }),
  },
  "adapters/fastify/payload.js": { serialized: CODE },
  "adapters/fastify/reply.js": {
    payloadForHooks: words((read, text) => read({ body: bytes("a") }, text)),
  },
  "adapters/node/handler-stream.js": { HandlerStream: STREAM },
  "adapters/node/source.js": { Source: STREAM },
  "adapters/node/compression-guard.js": {
    guardCompression: words((guard, text) => {
      guard(response({ "cache-control": text }), { status: 206, body: bytes(text) });
      guard(response({ etag: `"${"a".repeat(22)}"` }), { status: 304 });
      guard(response({ etag: text }), { status: 200, body: bytes(text) });
    }),
    describesCoded: words((ask, text) => {
      ask({ headers: { "accept-encoding": text } }, 200, '"a"', true);
      ask({ headers: { "if-none-match": text } }, 304, '"a"', true);
    }),
  },
  "adapters/node/response-form.js": {
    makingOf: { why: "it looks into no text" },
    textIn: list((name, text) => name("a", text)),
    isHeadInUtf8: { why: "it looks into no text" },
    areBeyondAscii: members((look, text) => look({ a: many(text), b: text })),
  },
  "adapters/node/raw-headers.js": {
    distinctOf: members((read, text) => read(Array.from(text).flatMap((name) => [name, "b"]))),
    headersOf: members((read, text) => {
      read(Array.from(text).flatMap((name) => [name, "b"]));
      read(Array.from(text).flatMap(() => ["set-cookie", "b"]));
      read(names(text).flatMap((name) => [name, "b"]));
    }),
    receivedLines: members((read, text) =>
      read({ rawHeaders: Array.from(text).flatMap((name) => [name, "b"]) }),
    ),
  },
  "adapters/node/reply-fields.js": {
    noncePoliciesOf: some(["'", "nonce-", "'nonce-", "a", "=", ";"], "'nonce-a' 'self'", (read, text) =>
      read(response({ "content-security-policy": text })),
    ),
  },
  "adapters/node/write-arguments.js": {
    applyHead: members((apply, text) => {
      apply(response(), [200, text, names(text).flatMap((name) => [name, "b"])]);
      apply(response(), [200, text, names(text).flatMap(() => ["set-cookie", "b"])]);
      apply(response(), [200, inEachCase(text)]);
    }),
    sentContent: words((read, text) => read(text, text)),
  },
  "adapters/web/request-content.js": {
    readContent: members(async (read, text) => {
      const post = (body) => new Request("http://a", { method: "POST", body, duplex: "half" });
      const call = { request: post(trickle(2 * text.length)) };
      const { request } = await read(call, policyOf({ methods: ["POST"] }));
      await drained(request.body);
    }),
  },
  "adapters/web/compression-guard.js": {
    guardCompression: list((guard, text) => {
      const asked = new Request("http://a", { headers: { "if-none-match": text, "accept-encoding": text } });
      guard(new Response(null, { status: 304, headers: { etag: `"${text.replaceAll('"', "")}"` } }), asked);
      guard(new Response("a", { status: 206, headers: { "cache-control": text } }), asked);
    }),
  },
  "adapters/hono/context.js": {
    runNext: urlish(async (run, text) => {
      const validated = Object.fromEntries(new URLSearchParams(text));
      const req = {
        raw: { url: `http://a/?${text}` },
        valid: () => validated,
        addValidatedData: () => undefined,
      };
      const fill = { target: "/", keepsParameter: (name) => name === "a" };
      await run({ finalized: true, req }, () => undefined, req.raw, { fill, cache: {} });
    }),
  },
  "adapters/hono/place.js": { isBehindCompression: CODE },
  "adapters/h3/event.js": {
    runHandler: urlish(async (run, text) => {
      const url = `http://a/?${text}`;
      const event = {
        req: {},
        url: new URL(url),
        res: { headers: new Headers(), errHeaders: new Headers() },
      };
      const context = { event, next: () => "a", cache: {}, policy: plain };
      await run(context, { url }, { isAnswer: () => false });
    }),
    pathParams: urlish((read, text) => read({ context: { params: { id: text } } })),
  },
  "adapters/web/body.js": { unsharedBody: STREAM },
  "adapters/web/record.js": {
    WebRequest: urlish((WebRequest, text) => {
      const request = { url: `http://a/${text}`, method: "GET", headers: new Headers(), body: null };
      return new WebRequest({ policy: plain }, { request, native: request }, undefined).target;
    }),
  },
  "adapters/web/request.js": {
    splitUrl: urlish(),
    requestForHandler: members((make, text) => {
      const request = new Request("http://a", { headers: { "x-a": text } });
      make(request, {
        hidden: names(text).slice(0, 100),
        conditions: [["if-none-match", text]],
        target: `/${text}`,
      });
    }),
    withoutUndeclared: urlish((hide, text) => {
      const [copy, request] = [{ url: "http://a/?a" }, { url: `http://a/?a&${text}` }];
      hide(copy, request, "query", `?${text}`);
      hide(copy, request, "url", `http://a/?${text}`);
    }),
    copyRequest: members((make, text) => {
      const extras = Object.fromEntries(names(text).map((name) => [name, ""]));
      make(Object.assign(new Request("http://a", { headers: { "x-a": text } }), extras), {});
    }),
  },
};
