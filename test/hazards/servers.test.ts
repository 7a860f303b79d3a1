import { request } from "node:http";
import express from "express";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/index.ts";
import type { AdapterHarness, ContractRoute } from "../../src/testing/index.ts";
import { expressHarness } from "../adapters/harness/express.ts";
import { fastifyHarness } from "../adapters/harness/fastify.ts";
import { fetchHarness } from "../adapters/harness/fetch.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

type Ask = (path: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answer>;

/** Starts a server with one route, lets `work` ask it over real sockets, and stops it. */
async function serving<T>(
  harness: AdapterHarness,
  route: ContractRoute,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { origin, close } = await harness.start(createCache({ reporter: false }), [route]);
  try {
    return await work((path, headers = {}, method = "GET") => send(origin + path, headers, method));
  } finally {
    await close();
  }
}

function send(url: string, headers: Readonly<Record<string, string>>, method: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

const harnesses = [fastifyHarness, expressHarness("express", express), fetchHarness];

describe.each(harnesses.map((harness) => [harness.name, harness] as const))(
  "over real sockets, with %s",
  (_, harness) => {
    it.each([["before"], ["framework"]] as const)(
      "1: a guard (%s) runs on hits and 304s, and refuses without a lookup",
      async (place) => {
        const runs: number[] = [];
        const guard = { place, onRun: () => void runs.push(1) };
        const route: ContractRoute = {
          method: "GET",
          path: "/a",
          options: { ttl: 60 },
          guard,
          handler: () => ({ body: "secret" }),
        };

        const statuses = await serving(harness, route, async (ask) => [
          (await ask("/a", { "x-key": "k" })).status,
          (await ask("/a", { "x-key": "k" })).status,
          (await ask("/a", { "x-key": "k", "if-none-match": "*" })).status,
          (await ask("/a", { "if-none-match": "*" })).status,
          (await ask("/a")).status,
        ]);

        expect([statuses, runs.length]).toEqual([[200, 200, 304, 401, 401], 5]);
      },
    );

    it("8: the handler of a miss sees neither conditions nor ranges, and HEAD is served from the GET entry", async () => {
      const seen: (string | undefined)[] = [];
      const route: ContractRoute = {
        method: "GET",
        path: "/a",
        options: { ttl: 60 },
        handler: ({ header }) => {
          seen.push(header("range"), header("if-none-match"));
          return { body: "whole" };
        },
      };

      const [part, head, whole] = await serving(harness, route, async (ask) => [
        await ask("/a", { range: "bytes=0-1", "if-none-match": '"x"' }),
        await ask("/a", {}, "HEAD"),
        await ask("/a"),
      ]);

      expect([part?.status, part?.body.toString(), seen]).toEqual([206, "wh", [undefined, undefined]]);
      expect([head?.body.length, head?.headers["content-length"], whole?.body.toString()]).toEqual([
        0,
        "5",
        "whole",
      ]);
    });

    it("39: an undeclared parameter is hidden in every form of the URL that the handler can read", async () => {
      const route: ContractRoute = {
        method: "GET",
        path: "/a",
        options: { ttl: 60, query: ["page"] },
        handler: ({ url, alsoUrls = [] }) => ({ body: [url, ...alsoUrls].join(" ") }),
      };

      const self = await serving(harness, route, async (ask) => {
        await ask("/a?page=1&evil=%3Cscript%3E");
        return (await ask("/a?page=1")).body.toString();
      });

      expect(self).toContain("/a?page=1");
      expect(self).not.toContain("evil");
    });

    it("11: bytes are replayed unchanged, with their coding", async () => {
      const body = Buffer.from([0, 255, 128, 13, 10]);
      const headers = { "content-encoding": "br", "content-type": "image/png" };
      const route: ContractRoute = {
        method: "GET",
        path: "/a",
        options: { ttl: 60 },
        handler: () => ({ headers, body }),
      };

      const hit = await serving(harness, route, async (ask) => {
        await ask("/a");
        return ask("/a");
      });

      expect([
        hit.headers["x-cache"],
        hit.body,
        hit.headers["content-encoding"],
        hit.headers["content-type"],
      ]).toEqual(["HIT", body, "br", "image/png"]);
    });

    it("12: status and repeated fields are replayed exactly", async () => {
      const headers = { link: ["<a>", "<b>"], "set-cookie": ["a=1", "b=2"] };
      const route: ContractRoute = {
        method: "GET",
        path: "/a",
        options: { ttl: 60, statuses: [201], setCookie: "store" },
        handler: () => ({ status: 201, headers, body: "made" }),
      };

      const hit = await serving(harness, route, async (ask) => {
        await ask("/a");
        return ask("/a");
      });

      expect([hit.headers["x-cache"], hit.status, hit.headers["set-cookie"], hit.headers["link"]]).toEqual([
        "HIT",
        201,
        ["a=1", "b=2"],
        "<a>, <b>",
      ]);
    });

    it("13: a field of earlier middleware has its current value on a hit, and is never replayed", async () => {
      let count = 0;
      const earlier = (): Record<string, string> => ({
        "x-request-id": String(++count),
        "set-cookie": `session=${count}`,
      });
      const route: ContractRoute = {
        method: "GET",
        path: "/a",
        options: { ttl: 60 },
        earlier,
        handler: () => ({ body: "a" }),
      };

      const hit = await serving(harness, route, async (ask) => {
        await ask("/a");
        return ask("/a");
      });

      expect([hit.headers["x-cache"], hit.headers["x-request-id"], hit.headers["set-cookie"]]).toEqual([
        "HIT",
        "2",
        ["session=2"],
      ]);
    });

    it("18: the handler does not see a parameter that is not in the key", async () => {
      const route: ContractRoute = {
        method: "GET",
        path: "/a",
        options: { ttl: 60, query: ["page"] },
        handler: ({ query, url }) => ({
          body: JSON.stringify([query("page"), query("utm_source"), url.includes("utm")]),
        }),
      };

      const [miss, hit] = await serving(harness, route, async (ask) => [
        await ask("/a?utm_source=x&page=1"),
        await ask("/a?page=1"),
      ]);

      expect([miss?.body.toString(), hit?.headers["x-cache"]]).toEqual(['[["1"],[],false]', "HIT"]);
    });
  },
);
