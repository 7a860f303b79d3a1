import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ghosts, ghostName } from "../../../src/stores/memory/ghosts.ts";

describe("the names of evicted entries", () => {
  it("are the last four for each entry that is held", () => {
    const ghosts = new Ghosts();

    Array.from({ length: 10_000 }, (_, name) => ghosts.add(name, 100));

    expect(ghosts.size).toBe(400);
    expect([ghosts.take(9599), ghosts.take(9600), ghosts.take(9999)]).toEqual([false, true, true]);
  });

  it("are no fewer than 64, however little is held", () => {
    const ghosts = new Ghosts();

    Array.from({ length: 10_000 }, (_, name) => ghosts.add(name, 1));

    expect(ghosts.size).toBe(64);
  });

  it("have one that is met again as their last", () => {
    const ghosts = new Ghosts();
    Array.from({ length: 64 }, (_, name) => ghosts.add(name, 1));

    ghosts.add(0, 1);
    ghosts.add(64, 1);

    expect([ghosts.take(0), ghosts.take(1), ghosts.take(0)]).toEqual([true, false, false]);
  });

  it("are forgotten with all others by clear", () => {
    const ghosts = new Ghosts();
    ghosts.add(1, 1);
    ghosts.clear();
    ghosts.add(2, 1);

    expect([ghosts.take(1), ghosts.take(2), ghosts.size]).toEqual([false, true, 0]);
  });
});

describe("the name of an entry", () => {
  it("is a 32-bit number, the same each time", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, variant) => {
        const name = ghostName(key, variant);

        expect([name, name | 0]).toEqual([ghostName(key, variant), name]);
      }),
    );
  });

  it("depends on where the key ends and the variant begins", () => {
    expect(ghostName("ab", "c")).not.toBe(ghostName("a", "bc"));
  });
});
