import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/index.ts";
import type { AdapterHarness } from "../../src/testing/index.ts";
import { expressHarness, versions } from "./harness/express.ts";
import { fastifyHarness } from "./harness/fastify.ts";
import { behindSrvx } from "./harness/h3.ts";
import { behindNodeServer } from "./harness/hono.ts";
import { koaHarness } from "./harness/koa.ts";
import { nest12, nestHarness } from "./harness/nestjs.ts";

const harnesses = [
  ...versions.map(([name, express]) => expressHarness(name, express)),
  fastifyHarness,
  koaHarness,
  nestHarness(nest12, "Express"),
  nestHarness(nest12, "Fastify"),
];

/** Sends a request over HTTP/1.0, which needs no host, and returns the content. */
async function ask(origin: string, host: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  socket.write(`GET /a HTTP/1.0\r\n${host}\r\n`);
  let text = "";
  socket.on("data", (part: Buffer) => (text += part.toString()));
  await once(socket, "close");
  return text.split("\r\n\r\n")[1] ?? "";
}

/** Asks an application once for each host. */
async function textsOf(harness: AdapterHarness, hosts: readonly string[]): Promise<readonly string[]> {
  let runs = 0;
  const handler = (): { body: string } => ({ body: `run ${++runs}` });
  const route = { method: "GET", path: "/a", options: { ttl: 60 }, handler };
  const { origin, close } = await harness.start(createCache({ reporter: false }), [route]);
  const texts: string[] = [];
  for (const host of hosts) texts.push(await ask(origin, host));
  await close();
  return texts;
}

describe.each(harnesses.map((harness) => [harness.name, harness] as const))("%s", (_, harness) => {
  it("the origin is not the same for an empty Host and a missing one, but for any case of a name and the default port", async () => {
    const hosts = ["", "Host:\r\n", "Host: a.test\r\n"];
    const again = ["", "Host:\r\n", "Host: A.TEST:80\r\n"];

    const texts = await textsOf(harness, [...hosts, ...again]);

    expect(texts).toEqual(["run 1", "run 2", "run 3", "run 1", "run 2", "run 3"]);
  });
});

// What a missing host is, these servers decide before the adapter.
describe.each([behindNodeServer, behindSrvx].map((harness) => [harness.name, harness] as const))(
  "%s",
  (_, harness) => {
    it("the origin is that of each name, the same for any case of it and the default port", async () => {
      const hosts = ["Host: a.test\r\n", "Host: b.test\r\n", "Host: A.TEST:80\r\n", "Host: b.test:81\r\n"];

      expect(await textsOf(harness, hosts)).toEqual(["run 1", "run 2", "run 1", "run 3"]);
    });
  },
);
