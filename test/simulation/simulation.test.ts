import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { PLANTED as PLANTED_IN_CLUSTERS } from "./planted-cluster.ts";
import { PLANTED } from "./planted.ts";
import { PLAYS } from "./play.ts";
import type { Play } from "./play.ts";
import type { Violation } from "./properties.ts";

/** Seeds of one test; `npm run simulate` plays as many as are wanted. */
const SEEDS = 1500;
/** Seeds with several processes. */
const CLUSTERS = 300;

describe("the simulation", () => {
  it.each(Array.from({ length: 4 }, (_none, share) => share * SEEDS))(
    "finds nothing that must not happen in the seeds from %i on",
    async (from) => {
      // given
      const seeds = Array.from({ length: SEEDS }, (_none, at) => from + at);

      // when
      const found = await violationsOf(PLAYS.single, seeds);

      // then
      expect(found).toEqual([]);
    },
    120_000,
  );

  it("finds nothing that must not happen between several processes on one store", async () => {
    // given
    const seeds = Array.from({ length: CLUSTERS }, (_none, at) => at);

    // when
    const found = await violationsOf(PLAYS.cluster, seeds);

    // then
    expect(found).toEqual([]);
  }, 120_000);

  it.each(Object.entries(PLAYS))("replays a seed exactly: %s", async (_name, play) => {
    // given
    const seeds = Array.from({ length: 50 }, (_none, at) => 7000 + at);

    // when
    const once = await tracesOf(play, seeds);
    const again = await tracesOf(play, seeds);

    // then
    expect(again).toEqual(once);
    expect(new Set(once).size).toBe(seeds.length);
  });

  it("tells all that happens, from the first request to the last", async () => {
    // given
    const lines: string[] = [];

    // when
    await PLAYS.single(4, (line) => void lines.push(line));

    // then
    expect(lines[0]).toMatch(/^seed 4: \{/);
    expect(lines.some((line) => line.includes("q0 "))).toBe(true);
    expect(lines.some((line) => line.includes("r0 begins"))).toBe(true);
    expect(lines.at(-1)).toMatch(/ ms {2}/);
  });
});

const ALL_PLANTED = [...PLANTED, ...PLANTED_IN_CLUSTERS];

describe("the planted bugs", () => {
  it("are ten at least, each with a name of its own", () => {
    // given
    const names = ALL_PLANTED.map(({ name }) => name);

    // then
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(10);
  });

  it.each(ALL_PLANTED)("find the defence that $name takes out, once", ({ file, find, replace }) => {
    // given
    const built = readFileSync(new URL(`../../dist/${file}`, import.meta.url), "utf8");

    // when
    const count = built.split(find).length - 1;

    // then
    expect(count).toBe(1);
    expect(replace).not.toBe(find);
  });
});

async function violationsOf(
  play: Play,
  seeds: readonly number[],
): Promise<readonly (Violation & { seed: number })[]> {
  const found: (Violation & { seed: number })[] = [];
  for (const seed of seeds) {
    const violation = await play(seed);
    if (violation !== undefined) found.push({ seed, ...violation });
  }
  return found;
}

/** What all that happens in each seed comes down to. */
async function tracesOf(play: Play, seeds: readonly number[]): Promise<readonly string[]> {
  const traces: string[] = [];
  for (const seed of seeds) {
    const hash = createHash("sha256");
    await play(seed, (line) => void hash.update(line));
    traces.push(hash.digest("hex"));
  }
  return traces;
}
