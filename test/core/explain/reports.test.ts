import { describe, expect, it, vi } from "vitest";
import type { Refusal, Report } from "../../../src/index.ts";
import { Reports } from "../../../src/core/explain/reports.ts";
import { kitOf } from "../../support/kit.ts";

function tellAll(reasons: readonly Refusal[], route = "GET /reports/:id"): readonly Report[] {
  const told: Report[] = [];
  const reports = new Reports((report) => told.push(report));
  reasons.forEach((reason) => reports.refusal({ route, scope: "anonymous" }, reason));
  return told;
}

describe("why a response was not stored", () => {
  it("is told in words and with the remedy", () => {
    expect(tellAll(["credentials"])).toEqual([
      {
        route: "GET /reports/:id",
        reason: "credentials",
        message:
          "GET /reports/:id was not stored: the request had credentials: Authorization, Cookie, a client certificate, or a field such as X-Api-Key; " +
          "does the handler read the cookie, or whichever of these it was? if it does not, everyone may see the response: " +
          'scope: "everyone"; if it does, each user has their own: scope: (request) => userOf(request); if a field ' +
          'does not identify the user, list those that do: credentials: ["x-api-key"]',
      },
    ]);
  });

  it("is told once for each route and reason", () => {
    const told: string[] = [];
    const reports = new Reports(({ route, reason }) => told.push(`${route} ${reason}`));
    const twice: readonly (readonly [string, Refusal])[] = [
      ["a", "status"],
      ["a", "private"],
      ["b", "status"],
    ];

    [...twice, ...twice].forEach(([route, reason]) => reports.refusal({ route, scope: "anonymous" }, reason));

    expect(told).toEqual(["a status", "a private", "b status"]);
  });

  it.each<[Refusal, string]>([
    ["method", "methods:"],
    ["content", "body parser"],
    ["status", "statuses:"],
    ["no-store", "no-store"],
    ["private", "private"],
    ["no-cache", "max-age"],
    ["vary-any", "name the request headers"],
    ["set-cookie", 'setCookie: "strip"'],
    ["event-stream", "do not cache this route"],
    ["expired", "ttl above 0"],
    ["too-large", "maxBodyBytes"],
    ["truncated", "Content-Length"],
    ["malformed", "header field"],
    ["search-rule", "No-Vary-Search"],
  ])("has a remedy where the reason is %s", (reason, word) => {
    expect(tellAll([reason])[0]?.message).toContain(word);
  });

  it("is not told where it is nobody's mistake", () => {
    expect(tellAll(["head", "purged", "aborted"])).toEqual([]);
  });
});

describe("the reporter of a cache", () => {
  it("is told once of each parameter that is kept from a handler", () => {
    const told: string[] = [];
    const reporter = ({ route, reason, message }: Report): void =>
      void told.push(`${route} ${reason} ${message}`);
    const { ask } = kitOf({ cache: { reporter }, route: { query: ["page"] } });

    ["/r?page=1&utm=1", "/r?utm=2&page=2", "/r?a%20b", "/r?utm=3"].forEach((target) => ask({ target }));

    expect(told.map((text) => text.replace(/:.*/s, ""))).toEqual([
      'GET /reports undeclared the handler of GET /reports does not see the query parameter "utm"',
      'GET /reports undeclared the handler of GET /reports does not see the query parameter "a b"',
    ]);
    expect(told[0]).toContain('query: "all"');
  });

  it("is told of a private response what its route's scope asks for", () => {
    const told: string[] = [];
    const reporter = ({ message }: Report): void => void told.push(message);
    const response = { headers: { "cache-control": "private" } };

    kitOf({ cache: { reporter } }).ask({}, response);
    kitOf({ cache: { reporter }, route: { scope: () => "ann" } }).ask({}, response);

    expect(told).toEqual([
      "GET /reports was not stored: the response has Cache-Control: private; send public in its place if everyone may " +
        "see the response; if each user has their own, leave it out and set scope: (request) => userOf(request): " +
        "clients are sent private then",
      "GET /reports was not stored: the response has Cache-Control: private; leave it out: the scope function gives each " +
        "user a response of their own, and clients are sent private where the handler sets no Cache-Control",
    ]);
  });

  it("is told of ten of a route, whatever clients send, and of none at great length", () => {
    const told: string[] = [];
    const reporter = ({ message }: Report): void => void told.push(message);
    const { ask } = kitOf({ cache: { reporter }, route: { query: ["page"] } });

    for (let n = 0; n < 100; n++) ask({ target: `/r?page=${n}&${"x".repeat(5000)}${n}&${n}=1&\n${n}` });

    expect([told.length, Math.max(...told.map((message) => message.length)) < 500]).toEqual([10, true]);
    expect(told.at(-1)).toMatch(/; further parameters of this route are not reported$/);
    expect(told.join("")).not.toContain("\n");
  });

  it("is told of a refused request and of a refused response", () => {
    const told: string[] = [];
    const { ask, now } = kitOf({ cache: { reporter: ({ reason }) => told.push(reason) } });

    now({ headers: { cookie: "a=1" } });
    ask({}, { status: 404 });

    expect(told).toEqual(["credentials", "status"]);
  });

  it("is the console, where it is not production", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    vi.stubEnv("NODE_ENV", "development");
    const { now } = kitOf({ cache: { reporter: undefined } as never });

    now({ method: "DELETE" });

    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining("GET /reports was not stored: its method is not cached"),
    );
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it("is nobody in production", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    vi.stubEnv("NODE_ENV", "production");
    const { now } = kitOf({ cache: { reporter: undefined } as never });

    now({ method: "DELETE" });

    expect(warn).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
});
