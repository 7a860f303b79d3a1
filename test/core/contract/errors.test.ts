import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CacheError, show, summaryOf } from "../../../src/core/contract/errors.ts";
import type { ErrorCode } from "../../../src/index.ts";

const ROOT = new URL("../../../", import.meta.url);

function matches(path: string, pattern: RegExp): readonly string[] {
  const text = readFileSync(new URL(path, ROOT), "utf8");
  return Array.from(text.matchAll(pattern), ([, code]) => code!).toSorted();
}

const CODES = matches("src/core/contract/errors.ts", /^ {2}\| "(ERR_[A-Z_]+)"/gm) as readonly ErrorCode[];

describe("the codes of errors", () => {
  it("each have a section in docs/errors.md, and each section has its code", () => {
    expect(matches("docs/errors.md", /^## (ERR_.*)$/gm)).toEqual(CODES);
    expect(CODES.length).toBeGreaterThan(10);
  });
});

describe("the help of an error", () => {
  it.each(CODES)("is the address of its section: %s", (code) => {
    const { help } = new CacheError(code, "what was wrong");
    const [path, anchor] = help.replace("node_modules/caching-route/", "").split("#") as [string, string];

    // As GitHub and editors make anchors from headings of one word.
    const anchors = matches(path, /^## (.+)$/gm).map((heading) => heading.toLowerCase().replaceAll(" ", "-"));
    expect(anchors.filter((one) => one === anchor)).toEqual([anchor]);
  });

  it("is a path in the installed package", () => {
    const { name } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8")) as { name: string };
    const [path] = new CacheError("ERR_CACHE_KEY", "").help.split("#") as [string];

    expect(path.startsWith(`node_modules/${name}/`)).toBe(true);
    expect(existsSync(new URL(path.slice(`node_modules/${name}/`.length), ROOT))).toBe(true);
  });

  it("is the last line of the message, after the code", () => {
    expect(new CacheError("ERR_CACHE_KEY", "the key is empty").message).toBe(
      "the key is empty [ERR_CACHE_KEY]\nhelp: node_modules/caching-route/docs/errors.md#err_cache_key",
    );
  });

  it("is left out where an error is told in one line of a longer text", () => {
    expect(summaryOf(new CacheError("ERR_CACHE_KEY", "the key is empty"))).toBe(
      "the key is empty [ERR_CACHE_KEY]",
    );
    expect(summaryOf(new Error("down"))).toBe("down");
    expect(summaryOf("down")).toBe('"down"');
  });
});

describe("a value in a message", () => {
  class Fields {
    readonly a = 1;
  }

  it.each<[unknown, string]>([
    [new Map([["a", 1]]), "an object of class Map"],
    [new Fields(), "an object of class Fields"],
    [new Error("no"), "an object of class Error"],
    [Buffer.from("a"), "an object of class Buffer"],
    [{ a: [1] }, '{"a":[1]}'],
    [["a"], '["a"]'],
    [Object.create(null), "{}"],
    [{ constructor: 1 }, '{"constructor":1}'],
    [Object.create({ constructor: 1 }), "{}"],
    [
      new (class {
        readonly a = 1;
      })(),
      '{"a":1}',
    ],
  ])("is named by its class, if JSON would not tell it: %o", (value, shown) => {
    expect(show(value)).toBe(shown);
  });
});
