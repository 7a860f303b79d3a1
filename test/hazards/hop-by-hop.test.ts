import { describe, expect, it } from "vitest";
import { kitOf, said } from "../support/kit.ts";

const HOP = [
  ["connection", "x"],
  ["keep-alive", "x"],
  ["proxy-authenticate", "x"],
  ["proxy-authentication-info", "x"],
  ["proxy-authorization", "x"],
  ["proxy-connection", "x"],
  ["te", "x"],
  ["trailer", "x"],
  // Another coding than this is not stored at all.
  ["transfer-encoding", "chunked"],
  ["upgrade", "x"],
] as const;

describe("hop-by-hop fields", () => {
  it.each(HOP)("24: %s is never replayed", (name, value) => {
    const { ask } = kitOf({ route: { revalidate: true, statuses: "any" } });
    ask({}, { headers: { [name]: value, "x-kept": "1" } });

    const hit = ask();

    expect([said(hit, name), said(hit, "x-kept"), said(hit, "x-cache")]).toEqual([undefined, "1", "HIT"]);
  });

  it.each([["x-hop"], ["X-Hop"], ["close, x-hop"], [" ,x-hop,"], [["close", "x-hop"]]])(
    "24: a field that Connection names is never replayed: %j",
    (connection) => {
      const { ask } = kitOf();
      ask({}, { headers: { connection, "x-hop": "1", "x-kept": "1" } });

      expect([said(ask(), "x-hop"), said(ask(), "x-kept")]).toEqual([undefined, "1"]);
    },
  );
});
