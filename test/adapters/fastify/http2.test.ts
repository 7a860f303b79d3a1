import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import Fastify from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { createCache } from "../../../src/index.ts";
import { cacheRoute } from "../../../src/adapters/fastify.ts";

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** Asks over HTTP/2; answers `X-Cache` and the content. */
function ask(client: ClientHttp2Session, path: string): Promise<readonly [unknown, string]> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ":path": path });
    let cache: unknown;
    let body = "";
    stream.on("response", (headers) => (cache = headers["x-cache"]));
    stream.setEncoding("utf8");
    stream.on("data", (part: string) => (body += part));
    stream.on("end", () => resolve([cache, body]));
    stream.on("error", reject);
    stream.end();
  });
}

describe("a server that speaks HTTP/2", () => {
  it("stores what its handler says, and answers from it", async () => {
    const app = Fastify({ http2: true });
    open.push(() => app.close());
    await app.register(cacheRoute, { cache: createCache({ reporter: false }) });
    let runs = 0;
    app.get("/a", { cache: { ttl: 60 } }, async () => `run ${++runs}`);
    const client = connect(await app.listen({ host: "127.0.0.1", port: 0 }));
    open.unshift(() => new Promise<void>((resolve) => client.close(resolve)));

    expect([await ask(client, "/a"), await ask(client, "/a")]).toEqual([
      ["MISS", "run 1"],
      ["HIT", "run 1"],
    ]);
  });
});
