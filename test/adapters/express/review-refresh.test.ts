import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import { testClock } from "../../../src/testing/index.ts";
import { Client } from "./client.ts";
import { until } from "./stale-site.ts";
import { counted, quietCache, versions } from "./support.ts";

describe.each(versions)("%s: a server that rewrites URLs before Express sees them", (_version, express) => {
  it.each([
    ["another resource", "/t/:tenant/:first{/:rest}", "/t/:tenant/:first/:rest?"],
    ["nothing", "/t/acme/:first", "/t/acme/:first"],
  ])("has no response stored that belongs to %s", async (_name, path5, path4) => {
    const clock = testClock();
    const cache = quietCache({ clock });
    const app = express();
    app.set("env", "test");
    const handler = counted((req, res) => res.send(`${String(req.params["first"])} ${handler.runs}`));
    const path = _version === "Express 5" ? path5 : path4;
    app.get(path, cacheRoute(cache, { ttl: 60, staleWhileRevalidate: 600 }), handler);
    const server = createServer((req, res) => {
      req.url = `/t${req.url}`;
      app(req, res);
    });
    server.listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => void server.once("listening", resolve));
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const ask = async (): Promise<string> => (await client.ask({ path: "/acme/report" })).text;
    const texts = [await ask()];
    clock.advance(61);
    texts.push(await ask());
    await until(() => cache.stats().stored === 2);
    texts.push(await ask());
    expect(texts).toEqual(["report 1", "report 1", "report 2"]);
  });
});
