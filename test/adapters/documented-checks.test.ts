import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { adapterContract } from "../../src/testing/index.ts";
import { expressHarness, versions } from "./harness/express.ts";
import { fastifyHarness, fastifyHttp2Harness } from "./harness/fastify.ts";
import { fetchHarness } from "./harness/fetch.ts";
import { behindSrvx, h3Harness, h3Middleware } from "./harness/h3.ts";
import { behindNodeServer, honoHarness } from "./harness/hono.ts";
import { ittyHarness } from "./harness/itty.ts";
import { nest12, nestHarness } from "./harness/nestjs.ts";
import { koa2Harness, koaHarness, koaHttp2Harness } from "./harness/koa.ts";
import { polkaHarness } from "./harness/polka.ts";
import { srvxHarness } from "./harness/srvx.ts";

it("the page on adapters has the number of checks of the contract, and of those that each adapter passes", async () => {
  const page = await readFile(new URL("../../docs/adapters.md", import.meta.url), "utf8");
  const harnesses = {
    ...Object.fromEntries(versions.map(([name, express]) => [name, expressHarness(name, express)])),
    "Fastify 5": fastifyHarness,
    "Fastify 5 over HTTP/2": fastifyHttp2Harness,
    "Hono on a fetch server": honoHarness,
    "Hono on @hono/node-server": behindNodeServer,
    "h3 on a fetch server": h3Harness,
    "h3 on srvx": behindSrvx,
    "h3 middleware on srvx": h3Middleware,
    "Koa 3": koaHarness,
    "Koa 2": koa2Harness,
    "Koa 3 over HTTP/2": koaHttp2Harness,
    "Nest 12 on Express": nestHarness(nest12, "Express"),
    "Nest 12 on Fastify": nestHarness(nest12, "Fastify"),
    fetch: fetchHarness,
    "[the guide's](writing-an-adapter.md), for itty-router": ittyHarness,
    "[the guide's](writing-an-adapter.md#on-node), for Polka": polkaHarness,
    "fetch under srvx": srvxHarness,
  };
  const all = adapterContract({ ...fetchHarness, declined: {} }).length;

  expect(page).toContain(`one contract: ${all} checks`);
  for (const [name, harness] of Object.entries(harnesses))
    expect(page).toContain(`| ${name} | ${adapterContract(harness).length} |`);
});
