import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import { cacheRoute } from "../../src/adapters/fastify.ts";
import type { Cache } from "../../src/index.ts";
import { KINDS, userOf } from "./site.ts";
import type { Answer, Site } from "./site.ts";

/** The application on Fastify; `cache` undefined: without a cache. */
export async function fastifyServer(site: Site, cache: Cache | undefined): Promise<FastifyInstance> {
  const app = Fastify();
  if (cache !== undefined) await app.register(cacheRoute, { cache });
  app.addHook("onRequest", async (request, reply) => {
    const end = site.begin(
      request.headers["x-alone"] !== undefined,
      `the logger of ${request.method} ${request.url}`,
    );
    reply.raw.once("close", end);
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((_error, _request, reply) => reply.code(500).type("text/plain").send("failed"));
  const scope = (request: { headers: { cookie?: string | undefined } }): string =>
    userOf(request.headers.cookie);
  const kinds = { ...KINDS, mine: { ttl: 60, scope } };
  for (const [kind, options] of Object.entries(kinds)) {
    app.route<{ Params: { id: string } }>({
      method: ["GET", "POST"],
      url: `/${kind}/:id`,
      ...(options === undefined || cache === undefined ? {} : { cache: options }),
      handler: async (request, reply) => {
        const header = (name: string): string | undefined => request.headers[name] as string | undefined;
        const answer = await site.answer({ method: request.method, kind, id: request.params.id, header });
        reply.code(answer.status).headers(answer.headers);
        if (answer.parts === undefined) return reply.send(answer.whole);
        return (STYLES[answer.style % STYLES.length] ?? readable)(answer.parts, reply);
      },
    });
  }
  return app;
}

type Parts = NonNullable<Answer["parts"]>;

const readable = (parts: Parts, reply: FastifyReply): FastifyReply => reply.send(Readable.from(parts()));

/** The ways in which handlers send a stream. */
const STYLES: readonly ((parts: Parts, reply: FastifyReply) => FastifyReply | Promise<FastifyReply>)[] = [
  readable,
  (parts, reply) => {
    const source = Readable.from(parts());
    reply.raw.once("close", () => reply.raw.writableFinished || source.destroy());
    return reply.send(source);
  },
  (parts, reply) => reply.send(webStream(parts())),
  async (parts, reply) => {
    const { signal } = reply.request;
    const source = Readable.from(parts(), { signal });
    return reply.send(source);
  },
  async (parts, reply) => {
    reply.hijack();
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value);
    await pipeline(Readable.from(parts()), raw).catch(() => undefined);
    return reply;
  },
];

function webStream(source: AsyncGenerator<Buffer>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void source.return(undefined),
  });
}
