import { describe, expect, it } from "vitest";
import { fillOf, kitOf, openWith, said } from "../support/kit.ts";
import type { Kit, Said } from "../support/kit.ts";

const policy = (nonce: string): Record<string, string> => ({
  "content-security-policy": `script-src 'self' 'nonce-${nonce}'`,
});
const reported = (nonce: string): Record<string, string> => ({
  "content-security-policy-report-only": `script-src 'nonce-${nonce}'`,
});
const page = (nonce: string): string => `<script nonce="${nonce}">1</script>`;

function detail(kit: Kit, response: Said): string | undefined {
  return /detail=(.*)/.exec(said(kit.ask({}, response), "cache-status") ?? "")?.[1];
}

function streamed(kit: Kit, response: Said, parts: readonly string[]): void {
  const { sink } = openWith(fillOf(kit.now()), response).stream();
  for (const part of parts) sink?.write(part);
  sink?.end();
}

describe("a response whose policy has a nonce is refused", () => {
  it.each<[string, Said]>([
    ["that stands in its content", { earlier: policy("r4nd0m"), body: page("r4nd0m") }],
    ["that is only reported", { earlier: reported("r4nd0m"), body: page("r4nd0m") }],
    [
      "among others",
      {
        earlier: { ...policy("one"), ...reported("r4nd0m") },
        body: new TextEncoder().encode(page("r4nd0m")),
      },
    ],
    ["that stands in a field", { earlier: policy("r4nd0m"), headers: { link: "</a.js>; nonce=r4nd0m" } }],
    ["that its handler says", { headers: policy("r4nd0m"), body: page("r4nd0m") }],
    ["that its handler says, though its content does not", { headers: policy("r4nd0m") }],
    ["that only its handler's report says", { headers: reported("r4nd0m") }],
    ["and whose content is coded", { earlier: policy("r4nd0m"), headers: { "content-encoding": "gzip" } }],
    [
      "and whose content is in UTF-16",
      { earlier: policy("r4nd0m"), headers: { "content-type": "text/html; charset=UTF-16LE" } },
    ],
    [
      "and so many others that they are not looked for",
      { earlier: policy(Array.from({ length: 17 }, (_, at) => `x${at}' 'nonce-y${at}`).join("' 'nonce-")) },
    ],
  ])("%s", (_, response) => {
    const kit = kitOf();

    expect(detail(kit, response)).toBe("nonce");
    expect(kit.cache.stats().stored).toBe(0);
  });

  it("under a scope function, too", () => {
    const kit = kitOf({ route: { scope: () => "ann" } });

    expect(detail(kit, { earlier: policy("r4nd0m"), body: page("r4nd0m") })).toBe("nonce");
  });

  it.each([[[page("r4nd0m")]], [["<script nonce=r4n", "d0m>"]], ["nonce=r4nd0m".split("")]])(
    "where the nonce is in streamed content: %j",
    (parts) => {
      const kit = kitOf();

      streamed(kit, { earlier: policy("r4nd0m") }, parts);

      expect(kit.cache.stats()).toMatchObject({ stored: 0, refusals: { nonce: 1 } });
    },
  );

  it("and remembered, so that the next requests do not wait", () => {
    const kit = kitOf();
    kit.ask({}, { earlier: policy("r4nd0m"), body: page("r4nd0m") });

    expect([kit.now(), kit.now()].map(({ kind }) => kind)).toEqual(["fill", "fill"]);
  });
});

describe("a response whose policy has a nonce is stored", () => {
  it.each<[string, Said]>([
    ["that stands in front of the cache and nowhere else", { earlier: policy("r4nd0m"), body: "{}" }],
    ["and whose coding is none", { earlier: policy("r4nd0m"), headers: { "content-encoding": "identity" } }],
    [
      "where its handler says another without one",
      {
        earlier: policy("r4nd0m"),
        headers: { "content-security-policy": "script-src 'sha256-abc='" },
        body: page("r4nd0m"),
      },
    ],
  ])("%s", (_, response) => {
    const kit = kitOf();
    kit.ask({}, response);

    expect(kit.cache.stats().stored).toBe(1);
  });
});
