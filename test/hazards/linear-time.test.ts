import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const FEED = fileURLToPath(new URL("linear/feed.mjs", import.meta.url));
/** Of processor time: how busy the machine is does not count. The slowest takes a second or two for all its texts. */
const LIMIT = "ulimit -t 5";

interface Parser {
  readonly file: string;
  readonly name: string;
  readonly kind: "fed" | "not fed" | "missing" | "gone";
}

const parsers = JSON.parse(
  execFileSync(process.execPath, [FEED, "--list"], { encoding: "utf8" }),
) as readonly Parser[];
const fed = parsers.filter(({ kind }) => kind === "fed").map(({ file, name }) => [file, name] as const);

/** Feeds one parser in a process that is ended after the limit. Returns how it ended, and what it was reading. */
async function fedWith(file: string, name: string): Promise<string> {
  const command = ["-c", `${LIMIT}; exec "$0" "$@"`, process.execPath, FEED, file, name];
  try {
    await promisify(execFile)("sh", command, { maxBuffer: 2 ** 26 });
    return "it has read all";
  } catch (error) {
    const { stdout, stderr, signal } = error as { stdout: string; stderr: string; signal: string | null };
    return `it was ended by ${signal ?? stderr} while it read ${stdout.trimEnd().split("\n").at(-1)}`;
  }
}

describe("32: an export that reads text", () => {
  it("has an entry in linear/http.mjs, linear/adapters.mjs or linear/others.mjs, and each entry has its export", () => {
    expect(parsers.filter(({ kind }) => kind === "missing" || kind === "gone")).toEqual([]);
  });

  it.each(fed)(
    "takes linear time: %s, %s",
    async (file, name) => {
      expect(await fedWith(file, name)).toBe("it has read all");
    },
    120_000,
  );
});
