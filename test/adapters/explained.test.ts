import { describe, expect, it } from "vitest";
import { play } from "./explained/play.ts";
import { sites } from "./explained/sites.ts";

describe.each(sites.map((site) => [site.name, site] as const))("on %s, what explain says", (_name, site) => {
  it("is what then happens, of 5,000 requests", async () => {
    expect(await play(site, 1, 5000)).toEqual([]);
  }, 300_000);
});
