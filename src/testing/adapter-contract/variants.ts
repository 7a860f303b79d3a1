import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Report } from "../../index.ts";
import type { ContractResponse, ContractRequest } from "../adapter-harness.ts";
import type { Answer } from "./client.ts";
import { assertHit, assertMiss } from "./outcome.ts";
import { cached, text } from "./routes.ts";
import type { Scenarios } from "./stage.ts";

const greet = (request: ContractRequest): ContractResponse =>
  text(`hello ${request.header("accept-language") ?? "nobody"}`);
const greetVarying = (request: ContractRequest): ContractResponse =>
  text(`hello ${request.header("accept-language") ?? "nobody"}`, { vary: "Accept-Language" });

/** What selects one of the responses of a URL: request fields, the host, the route, a `key` function. */
export const variants: Scenarios = {
  "the route's vary keeps variants apart and is sent as Vary": async (stage) => {
    const { get } = await stage.site([cached("/a", greet, { ttl: 60, vary: ["Accept-Language"] })]);
    const miss = await get("/a", { "accept-language": "fr" });
    assertMiss(await get("/a", { "accept-language": "de" }), { fwd: "vary-miss" });
    const hit = await get("/a", { "accept-language": "fr" });
    assertHit(hit);
    assert.equal(hit.text, "hello fr");
    assert.deepEqual([membersOf(miss), membersOf(hit)], [["accept-language"], ["accept-language"]]);
  },

  "a request whose target names another host than its Host does not decide what others get": async (
    stage,
  ) => {
    const hostOf = ({ header }: ContractRequest): string => header("host") ?? header(":authority") ?? "";
    const route = cached("/a", (request) => text(hostOf(request)));
    const { client } = await stage.site([route]);
    const ask = (path: string, host: string): Promise<Answer> => client.ask({ path, headers: { host } });
    await ask("http://shop.test/a", "evil.test");
    const ofShop = [await ask("/a", "shop.test"), await ask("/a", "shop.test")];
    await ask("http://evil.test/a", "shop.test");
    const ofEvil = await ask("/a", "evil.test");
    assert.deepEqual(
      [...ofShop, ofEvil].map((answer) => answer.text),
      ["shop.test", "shop.test", "evil.test"],
    );
    assertHit(ofShop[1] as Answer);
  },

  "an absent request field differs from an empty one": async (stage) => {
    const { get } = await stage.site([cached("/a", greet, { ttl: 60, vary: ["accept-language"] })]);
    await get("/a", { "accept-language": "" });
    assertMiss(await get("/a"), { fwd: "vary-miss" });
  },

  "the handler's Vary keeps variants apart": async (stage) => {
    const { get } = await stage.site([cached("/a", greetVarying)]);
    await get("/a", { "accept-language": "fr" });
    assertMiss(await get("/a", { "accept-language": "de" }), { fwd: "vary-miss" });
    const [french, german] = [
      await get("/a", { "accept-language": "fr" }),
      await get("/a", { "accept-language": "de" }),
    ];
    assertHit(french);
    assertHit(german);
    assert.deepEqual([french.text, german.text], ["hello fr", "hello de"]);
  },

  "the route's vary is merged with the handler's Vary": async (stage) => {
    const { get } = await stage.site([cached("/a", greetVarying, { ttl: 60, vary: ["x-tenant"] })]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    const both = ["accept-language", "x-tenant"];
    assert.deepEqual([membersOf(miss), membersOf(hit)], [both, both]);
  },

  "the route's vary is merged with the Vary of earlier middleware": async (stage) => {
    const options = { ttl: 60, vary: ["x-tenant"] };
    const { get } = await stage.site([cached("/a", greet, options, { earlier: () => ({ vary: "Origin" }) })]);
    const [miss, hit] = [await get("/a"), await get("/a")];
    assertHit(hit);
    const both = ["origin", "x-tenant"];
    assert.deepEqual([membersOf(miss), membersOf(hit)], [both, both]);
  },

  "the handler's stored Vary is merged with the Vary of earlier middleware on a hit": async (stage) => {
    const { get } = await stage.site([
      cached("/a", greetVarying, { ttl: 60 }, { earlier: () => ({ vary: "Origin" }) }),
    ]);
    await get("/a");
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual(membersOf(hit), ["accept-language", "origin"]);
  },

  "the Vary of earlier middleware keeps variants apart": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60 }, { earlier: () => ({ vary: "X-Tenant" }) });
    const { get } = await stage.site([route]);
    await get("/a", { "x-tenant": "ann" });
    assert.equal((await get("/a", { "x-tenant": "bob" })).text, "run 2");
    assert.equal((await get("/a", { "x-tenant": "ann" })).text, "run 1");
  },

  "an encoded response is served in its coding, and only to clients that accept it": async (stage) => {
    const coded = gzipSync("the content");
    const route = cached("/a", (request) =>
      request.header("accept-encoding") === "gzip"
        ? {
            headers: { "content-type": "text/plain", "content-encoding": "gzip" },
            body: new Uint8Array(coded),
          }
        : text("the content"),
    );
    const { get } = await stage.site([route]);
    await get("/a", { "accept-encoding": "gzip" });
    const hit = await get("/a", { "accept-encoding": "gzip" });
    assertHit(hit);
    assert.deepEqual([hit.header("content-encoding"), hit.body], ["gzip", coded]);
    assert.ok(membersOf(hit).includes("accept-encoding"));
    const plain = await get("/a");
    assertMiss(plain, { fwd: "vary-miss" });
    assert.deepEqual([plain.header("content-encoding"), plain.text], [undefined, "the content"]);
  },

  "two hosts share nothing": async (stage) => {
    const { get } = await stage.site([cached("/a")]);
    await get("/a", { host: "one.test" });
    assertMiss(await get("/a", { host: "two.test" }));
    const hit = await get("/a", { host: "one.test" });
    assertHit(hit);
    assert.equal(hit.text, "run 1");
  },

  "the case of a host and its default port do not matter": async (stage) => {
    const { get } = await stage.site([cached("/a")]);
    await get("/a", { host: "one.test" });
    assertHit(await get("/a", { host: "ONE.test" }));
    assertHit(await get("/a", { host: "one.test:80" }));
    assertMiss(await get("/a", { host: "one.test:81" }));
    assertMiss(await get("/a", { host: "one.test:443" }));
  },

  "the route's origin replaces the host": async (stage) => {
    const { get } = await stage.site([cached("/a", undefined, { ttl: 60, origin: "https://one.test" })]);
    await get("/a", { host: "one.test" });
    assertHit(await get("/a", { host: "two.test" }));
  },

  "two routes on one URL share nothing": async (stage) => {
    const routes = [
      cached("/a", text("beta"), { ttl: 60 }, { only: "beta" }),
      cached("/a", text("stable"), { ttl: 60 }),
    ];
    const { get } = await stage.site(routes);
    const answers = [
      await get("/a", { "x-only": "beta" }),
      await get("/a"),
      await get("/a", { "x-only": "beta" }),
      await get("/a"),
    ];
    assert.deepEqual(
      answers.map((answer) => answer.text),
      ["beta", "stable", "beta", "stable"],
    );
    answers.slice(0, 2).forEach((answer) => assert.equal(answer.header("x-cache"), "MISS"));
    answers.slice(2).forEach(assertHit);
  },

  "a route's guard is not bypassed by an entry of another route on its URL": async (stage) => {
    const routes = [
      cached("/a", text("secret"), { ttl: 60 }, { only: "staff", guard: { place: "before" } }),
      cached("/a", text("public"), { ttl: 60 }),
    ];
    const { get } = await stage.site(routes);
    await get("/a", { "x-only": "staff", "x-key": "k" });
    assert.equal((await get("/a")).text, "public");
    assert.equal((await get("/a", { "x-only": "staff" })).status, 401);
  },

  "a request does not wait for the run of another route on its URL": async (stage) => {
    const gate = stage.gate();
    const beta = cached("/a", () => gate.opened.then(() => text("beta")), { ttl: 60 }, { only: "beta" });
    const { get } = await stage.site([beta, cached("/a", text("stable"), { ttl: 60 })]);
    const first = get("/a", { "x-only": "beta" });
    await stage.until(() => beta.seen.length === 1, "the first handler runs");
    assert.equal((await get("/a")).text, "stable");
    gate.open();
    assert.equal((await first).text, "beta");
  },

  "a write removes the entries of every route on its URL": async (stage) => {
    const options = { ttl: 60, invalidateOnUnsafe: true };
    const routes = [
      cached("/a", undefined, options, { only: "beta" }),
      cached("/a", undefined, { ...options, query: [] }),
      cached("/a", text("done"), options, { method: "POST" }),
    ];
    const { get, post } = await stage.site(routes);
    await get("/a", { "x-only": "beta" });
    await get("/a");
    await post("/a", {});
    assert.equal((await get("/a", { "x-only": "beta" })).text, "run 2");
    assert.equal((await get("/a")).text, "run 2");
  },

  "two routes whose key functions return one key are reported once": async (stage) => {
    const reports: Report[] = [];
    const key = (): string => "one";
    const routes = [cached("/a", text("a"), { ttl: 60, key }), cached("/b", text("b"), { ttl: 60, key })];
    const { get } = await stage.site(routes, { reporter: (report) => void reports.push(report) });
    await get("/a");
    assert.equal((await get("/b")).text, "a");
    await get("/b");
    await get("/a");
    const [met, ...others] = reports;
    assert.deepEqual([met?.reason, others.length], ["same-key", 0]);
    assert.match(met?.message ?? "", /\/a.*\/b.*"one"/);
  },

  "a key function names the resource, and the handler sees the whole query": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, key: () => "one" });
    const { get } = await stage.site([route]);
    await get("/a?x=1");
    assertHit(await get("/a?y=2"));
    assert.equal(route.seen[0]?.url, "/a?x=1");
  },

  "invalidate returns how many responses it removed, variants included": async (stage) => {
    const { get, cache } = await stage.site([cached("/a", greetVarying, { ttl: 60, key: () => "greeting" })]);
    await get("/a", { "accept-language": "fr" });
    await get("/a", { "accept-language": "de" });
    assert.deepEqual(await cache.invalidate("greeting"), { removed: 2, everywhere: true });
    assert.deepEqual(await cache.invalidate("greeting"), { removed: 0, everywhere: true });
    assertMiss(await get("/a", { "accept-language": "fr" }));
  },

  "namespaces keep equal keys apart": async (stage) => {
    const key = (): string => "one";
    const routes = [
      cached("/a", text("a"), { ttl: 60, key, namespace: "users" }),
      cached("/b", text("b"), { ttl: 60, key, namespace: "teams" }),
    ];
    const { get, cache } = await stage.site(routes, { namespace: "api" });
    await get("/a");
    assert.equal((await get("/b")).text, "b");
    assert.equal((await cache.invalidate("one")).removed, 0);
    assert.equal((await cache.invalidate("one", { namespace: "users" })).removed, 1);
    assertMiss(await get("/a"));
    assertHit(await get("/b"));
  },

  "a key function that returns nothing fails its request, and nothing is shared": async (stage) => {
    let key: unknown = "";
    const route = cached("/a", undefined, { ttl: 60, key: () => key as string });
    const { get, store } = await stage.site([route, cached("/b")]);
    assert.ok((await get("/a")).status >= 500);
    key = undefined;
    assert.ok((await get("/a")).status >= 500);
    assert.equal(store.log.length, 0);
    key = "one";
    assertMiss(await get("/a"));
    assertHit(await get("/a"));
    assert.equal(route.seen.length, 1);
  },

  "an entry that the application set under a key is served": async (stage) => {
    const route = cached("/a", undefined, { ttl: 60, key: () => "one" });
    const { get, cache } = await stage.site([route]);
    await cache.set("one", { headers: { "content-type": "text/plain" }, body: "by hand" });
    const hit = await get("/a");
    assertHit(hit);
    assert.deepEqual([hit.text, hit.header("content-type")], ["by hand", "text/plain"]);
    assert.equal(route.seen.length, 0);
  },

  "the application can read a stored response by its key": async (stage) => {
    const { get, cache } = await stage.site([cached("/a", text("é"), { ttl: 60, key: () => "one" })]);
    await get("/a");
    const stored = await cache.get("one");
    assert.deepEqual([stored?.status, Buffer.from(stored?.body ?? []).toString()], [200, "é"]);
  },
};

function membersOf(answer: { header(name: string): string | undefined }): readonly string[] {
  const members = (answer.header("vary") ?? "").toLowerCase().split(",");
  return members.map((member) => member.trim()).toSorted();
}
