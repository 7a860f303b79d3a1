// A caching reverse proxy: what ORIGIN answers, kept by the rules of `CACHE`.
//   ORIGIN=http://127.0.0.1:3000 PORT=8000 npm run example -- proxy
// Without ORIGIN it stands in front of a small origin of its own, for trying it out.
import { createCache, rfc9111 } from "caching-route";
import { cacheRoute } from "caching-route/fastify";
import type { FastifyCacheOptions } from "caching-route/fastify";
import Fastify from "fastify";
import { METHODS } from "node:http";
import { endToEnd, forward } from "./forward.ts";
import { startOrigin } from "./origin.ts";

/** What CACHE may say; `rfc9111` is a shared cache by the book, `none` a plain proxy. */
const caches: Readonly<Record<string, FastifyCacheOptions | false | undefined>> = {
  default: {},
  rfc9111,
  none: false,
};

const { ORIGIN, PORT = "8000", CACHE = "default" } = process.env;
const cache = caches[CACHE];
if (cache === undefined) throw new Error(`CACHE=${CACHE}: there are no such options`);
const origin = new URL(ORIGIN ?? (await startOrigin()));

const app = Fastify();
await app.register(cacheRoute, { cache: createCache() });

// Every method that Node can read, but CONNECT, which asks for a tunnel.
const methods = METHODS.filter((method) => method !== "CONNECT");
for (const method of methods) {
  if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
}
// Content is nobody's business here: it stays in the stream, of whatever type it is.
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", (_request, _content, done) => done(null));

app.route({
  method: methods,
  url: "*",
  cache,
  handler: async (request, reply) => {
    const response = await forward(request.raw, origin);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 599) {
      response.resume();
      throw Object.assign(new Error(`the origin answered with status ${status}`), { statusCode: 502 });
    }
    reply.code(status);
    for (const [name, lines = []] of endToEnd(response.headersDistinct, response.headers.connection)) {
      reply.header(name, lines.length === 1 ? lines[0] : lines);
    }
    const hasContent = request.method !== "HEAD" && status !== 204 && status !== 304;
    if (!hasContent) response.resume();
    return reply.send(hasContent ? response : undefined);
  },
});

const address = await app.listen({ port: Number(PORT), host: "127.0.0.1" });
console.log(`listening on ${address}`);
