import { describe, expect, it, vi } from "vitest";
import type { Refusal, Report } from "../../src/index.ts";
import { Reports } from "../../src/core/report.ts";
import { kitOf } from "./support.ts";

function tellAll(reasons: readonly Refusal[], route = "GET /reports/:id"): readonly Report[] {
  const told: Report[] = [];
  const reports = new Reports((report) => told.push(report));
  reasons.forEach((reason) => reports.tell(route, reason));
  return told;
}

describe("why a response was not stored", () => {
  it("is told in words and with the remedy", () => {
    expect(tellAll(["credentials"])).toEqual([
      {
        route: "GET /reports/:id",
        reason: "credentials",
        message:
          "GET /reports/:id was not stored: the request carried credentials: Authorization, Cookie, a client certificate, or a field such as X-Api-Key; " +
          'if everyone may see this response, say scope: "everyone"; if each user has their own, give a function; ' +
          'if a field says nothing of who asks, name those that do in credentials: ["x-api-key"]',
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

    [...twice, ...twice].forEach(([route, reason]) => reports.tell(route, reason));

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
    ["event-stream", "leave this route uncached"],
    ["expired", "ttl above 0"],
    ["too-large", "maxBodyBytes"],
    ["truncated", "Content-Length"],
    ["malformed", "header field"],
    ["search-rule", "No-Vary-Search"],
  ])("has a remedy where the reason is %s", (reason, word) => {
    expect(tellAll([reason])[0]?.message).toContain(word);
  });

  it("is not told where it is nobody's mistake", () => {
    expect(tellAll(["head", "purged", "failed", "aborted"])).toEqual([]);
  });
});

describe("the reporter of a cache", () => {
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
      expect.stringContaining("GET /reports was not stored: its method is not among"),
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
