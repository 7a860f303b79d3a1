import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, startServer } from "../../scripts/lib/server.mjs";

// RFC 9213 through examples/proxy with `rfc9111`: what the release of http-cache-tests does not ask yet.

type Line = readonly [name: string, value: string];
/** What came of asking twice: the second answer was stored, or the origin was asked again. */
type Second = "stored" | "asked again";

const NO_STORE: Line = ["Cache-Control", "no-store"];
const AN_HOUR: Line = ["Cache-Control", "max-age=3600"];
const PAST: Line = ["Expires", "Thu, 01 Jan 2015 00:00:00 GMT"];
const FUTURE: Line = ["Expires", "Thu, 01 Jan 2099 00:00:00 GMT"];

const said = new Map<string, readonly Line[]>();
const asked: string[] = [];
let origin: Server;
let proxy: { readonly address: string; stop(): Promise<void> };

beforeAll(async () => {
  origin = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    response.writeHead(200, (said.get(path) ?? []).flat()).end("content");
  }).listen(0, "127.0.0.1");
  await once(origin, "listening");
  const ORIGIN = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  proxy = await startServer("proxy", { env: { ORIGIN, CACHE: "rfc9111" } });
});

afterAll(async () => {
  await proxy.stop();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

function cdn(value: string): Line {
  return ["CDN-Cache-Control", value];
}

/** Asks twice for what the origin says with these fields, the second time with `headers`. */
async function second(
  fields: readonly Line[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Second> {
  const path = `/${said.size}`;
  said.set(path, fields);
  const first = await ask(proxy.address + path);
  expect(first.status).toBe(200);
  const next = await ask(proxy.address + path, headers);
  expect(next.status).toBe(200);
  return asked.filter((one) => one === path).length === 1 ? "stored" : "asked again";
}

describe("CDN-Cache-Control gives a response its lifetime", () => {
  it.each<[what: string, Second, ...Line[]]>([
    ["where nothing else does", "stored", cdn("max-age=3600")],
    ["up to 2^31 seconds", "stored", cdn("max-age=2147483648")],
    ["and beyond", "stored", cdn("max-age=99999999999")],
    ["over a Cache-Control that is stale", "stored", ["Cache-Control", "max-age=0"], cdn("max-age=3600")],
    ["over Cache-Control: no-store", "stored", NO_STORE, cdn("max-age=3600")],
    ["over Cache-Control: private", "stored", ["Cache-Control", "private"], cdn("max-age=3600")],
    ["over an Expires that is past", "stored", PAST, cdn("max-age=3600")],
    ["over an Expires that is no date", "stored", ["Expires", "0"], cdn("max-age=3600")],
    ["beside directives that nobody knows", "stored", cdn("foobar, x=1.5, max-age=3600, y=(1 2)")],
    ["with parameters, which mean nothing", "stored", NO_STORE, cdn('max-age=3600;a;b="c"')],
    ["by s-maxage before max-age", "stored", cdn("max-age=0, s-maxage=3600")],
    ["by the last of repeated keys", "stored", cdn("max-age=0, max-age=3600")],
    ["on several lines", "stored", NO_STORE, cdn("must-revalidate"), cdn("max-age=3600")],
    ["by the last of repeated keys on several lines", "asked again", cdn("max-age=3600"), cdn("max-age=0")],
    ["of 0 seconds, over a fresh Cache-Control", "asked again", AN_HOUR, cdn("max-age=0")],
    ["of 0 seconds, over a future Expires", "asked again", FUTURE, cdn("max-age=0")],
    ["less the Age that it came with", "asked again", cdn("max-age=3600"), ["Age", "7200"]],
  ])("%s", async (_what, expected, ...fields) => {
    await expect(second(fields)).resolves.toBe(expected);
  });
});

describe("CDN-Cache-Control alone decides where it is valid", () => {
  it.each<[what: string, ...Line[]]>([
    ["no-store is not stored", AN_HOUR, FUTURE, cdn("no-store")],
    ["no-store is not stored, whatever else it says", AN_HOUR, cdn("max-age=3600, no-store")],
    ["no-store as a Boolean is the same", AN_HOUR, cdn("no-store=?1")],
    ["private is not stored", AN_HOUR, FUTURE, cdn("private")],
    ["private with field names is not stored", AN_HOUR, cdn('private="set-cookie", max-age=3600')],
    ["no-cache is asked for each time", AN_HOUR, FUTURE, cdn("no-cache")],
    ["without a lifetime, that of Cache-Control does not count", AN_HOUR, cdn("must-revalidate")],
    ["without a lifetime, Expires does not count", FUTURE, cdn("must-revalidate")],
    ["with nothing known in it, Cache-Control does not count", AN_HOUR, cdn("foobar")],
  ])("%s", async (_what, ...fields) => {
    await expect(second(fields)).resolves.toBe("asked again");
  });
});

describe("a directive of the wrong type is ignored, and CDN-Cache-Control still decides", () => {
  it.each<[what: string, value: string]>([
    ["a String is no Integer", 'max-age="3600"'],
    ["a negative number is no duration", "max-age=-3600"],
    ["a Decimal is no Integer", "max-age=3600.0"],
    ["a Token is no Integer", "max-age=hour"],
    ["a Date is no Integer", "max-age=@3600"],
    ["a Boolean is no Integer", "max-age"],
  ])("%s", async (_what, value) => {
    await expect(second([AN_HOUR, cdn(value)])).resolves.toBe("asked again");
  });

  it("a directive that says ?0 does not apply", async () => {
    await expect(second([NO_STORE, cdn("no-store=?0, max-age=3600")])).resolves.toBe("stored");
  });
});

describe("a CDN-Cache-Control that is no structured dictionary is ignored, and Cache-Control counts", () => {
  it.each<[what: string, value: string]>([
    ["it is empty", ""],
    ["a member cannot be read", "max-age=3600, &&&&&"],
    ["keys are in lower case", "MaX-aGe=3600"],
    ["space stands before the equals sign", "max-age =3600"],
    ["space stands after the equals sign", "max-age= 3600"],
    ["a comma promises another member", "max-age=3600,"],
    ["a String is not closed", 'max-age=3600, x="y'],
    ["an Integer has more than 15 digits", "max-age=3600000000000000"],
    ["members are separated by a semicolon and a digit", "max-age=3600;1"],
  ])("%s", async (_what, value) => {
    await expect(second([NO_STORE, cdn(value)])).resolves.toBe("asked again");
    await expect(second([AN_HOUR, cdn(value)])).resolves.toBe("stored");
  });
});

describe("a stale response by CDN-Cache-Control", () => {
  const anHourOld: readonly Line[] = [
    ["ETag", '"a"'],
    ["Age", "3600"],
  ];
  const mayBeStale = { "cache-control": "max-stale" };

  it("is given to a client that accepts it", async () => {
    await expect(second([...anHourOld, cdn("max-age=60")], mayBeStale)).resolves.toBe("stored");
  });

  it("is given to no one where it says must-revalidate", async () => {
    const fields = [...anHourOld, cdn("max-age=60, must-revalidate")];

    await expect(second(fields, mayBeStale)).resolves.toBe("asked again");
  });

  it("does not heed the must-revalidate of Cache-Control", async () => {
    const fields = [...anHourOld, cdn("max-age=60"), ["Cache-Control", "must-revalidate"] as const];

    await expect(second(fields, mayBeStale)).resolves.toBe("stored");
  });
});

it("CDN-Cache-Control is passed on, for the caches between here and the client", async () => {
  said.set("/passed-on", [cdn("max-age=3600")]);

  const { headers } = await ask(`${proxy.address}/passed-on`);

  expect(headers["cdn-cache-control"]).toBe("max-age=3600");
});
