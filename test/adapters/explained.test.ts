import { describe, expect, it } from "vitest";
import { play } from "./explained/play.ts";
import { sites } from "./explained/sites.ts";

describe("an explanation", () => {
  // In parallel, since much of the time is spent waiting for runs in the background.
  it.concurrent.each(sites.map((site) => [site.name, site] as const))(
    "is what then happens, for 5,000 requests on %s",
    async (_name, site) => {
      expect(await play(site, 1, 5000)).toEqual([]);
    },
    600_000,
  );
});
