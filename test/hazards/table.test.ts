import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const here = new URL("./", import.meta.url);
const read = (path: string, base: URL = root): string => readFileSync(new URL(path, base), "utf8");
const all = (text: string, pattern: RegExp): readonly string[] =>
  Array.from(text.matchAll(pattern), (found) => found.slice(1).find((group) => group !== undefined)!);

/** The rows of a table of README.md, as cells. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, section = ""] = read("README.md", here).split(`## ${heading}\n`);
  return all(section.split("\n## ")[0]!, /^\| (\d.*) \|$/gm).map((row) => row.split(/ (?<!\\)\| /));
}

const accidents = rowsUnder("The accidents");
const takenOut = rowsUnder("What was taken out");
const numbers = new Set(accidents.map(([number]) => number));

/** The links of a cell, as title and path. */
function linksIn(cell: string): readonly (readonly [title: string, path: string])[] {
  return Array.from(cell.matchAll(/\[((?:[^[\]\\]|\\.)+)\]\(([^)]+)\)/g), ([, title, path]) => [
    title!.replaceAll(/\\(.)/g, "$1"),
    path!,
  ]);
}

/** What stands for a case in a title: `%s` of `it.each`, `$name`, and the holes of a template. */
const HOLES = /%[dfijoOs]|\$\{[^}]*\}|\$[a-z]\w*/g;

/** The texts of a file that may be titles, each as an expression that its cases match. */
function titlesOf(path: string): readonly RegExp[] {
  const source = read(path, here).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const texts = all(source, /"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`|'((?:[^'\\\n]|\\.)*)'/g);
  return texts
    .map((text) => text.replaceAll(/\\(.)/g, "$1"))
    .filter((text) => text.replaceAll(HOLES, "").trim().split(/\s+/).length > 1)
    .map((text) => new RegExp(`^${text.split(HOLES).map(escaped).join(".+")}$`));
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

/** Whether a text is a title, or a title behind that of its `describe`. */
function isTitle(text: string, titles: readonly RegExp[]): boolean {
  const matches = (part: string): boolean => titles.some((title) => title.test(part));
  const spaces = Array.from(text.matchAll(/ /g), ({ index }) => index);
  return matches(text) || spaces.some((at) => matches(text.slice(0, at)) && matches(text.slice(at + 1)));
}

/** The links to a test that is not there. */
function broken(cells: readonly string[]): readonly string[] {
  return cells
    .flatMap(linksIn)
    .filter(([title, path]) => !existsSync(new URL(path, here)) || !isTitle(title, titlesOf(path)))
    .map(([title, path]) => `${path}: ${title}`);
}

/** The hazard numbers that a file cites: "hazard 22", "hazards 23, 24 and 49", over line breaks of a comment, too. */
function cited(text: string): readonly string[] {
  const flowing = text.replaceAll(/\s*\n\s*(?:\*|\/\/)?\s*/g, " ");
  return all(flowing, /\bhazards? (\d+(?:(?:, | and |, and )\d+)*)/gi).flatMap((list) => list.match(/\d+/g)!);
}

const FOLDERS = ["src", "test", "scripts", "benchmarks", "docs", "examples", "conformance"];

/** The files of a folder in which a comment or a sentence may cite a number. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:[mc]?[jt]s|md)$/.test(file) && !/(?:^|\/)node_modules\//.test(file))
    .map((file) => `${folder}/${file}`);
}

describe("a hazard number", () => {
  it("has a row in the table wherever it is cited", () => {
    const files = FOLDERS.flatMap(filesIn);
    const unknown = files.flatMap((file) =>
      cited(read(file))
        .filter((number) => !numbers.has(number))
        .map((number) => `${file}: hazard ${number}`),
    );

    expect([unknown, files.length > 300]).toEqual([[], true]);
  });

  it("has a row in the table where a title of a hazard test begins with it", () => {
    const files = readdirSync(here).filter((file) => file.endsWith(".test.ts"));
    const titles = files.flatMap((file) => all(read(file, here), /["'`](\d+): /g));

    expect(titles.filter((number) => !numbers.has(number))).toEqual([]);
    expect(new Set(titles).size).toBeGreaterThan(30);
  });

  it("is in order in the table, from 1 on", () => {
    expect([...numbers]).toEqual(accidents.map((_, at) => String(at + 1)));
  });
});

describe("a row of the table", () => {
  it("names tests, or the issue that brings them", () => {
    const bare = accidents.filter(([, , , , tests]) => linksIn(tests!).length === 0);

    expect(bare.filter(([, , , , tests]) => !tests!.includes("a later issue"))).toEqual([]);
  });

  it("names only tests that exist", () => {
    expect(broken(accidents.map(([, , , , tests]) => tests!))).toEqual([]);
  });
});

describe("a defence that was taken out", () => {
  it("belongs to a hazard of the table and to files that exist", () => {
    const files = takenOut.flatMap(([, , of]) => all(of!, /`([^`]+\.ts)`/g));

    expect(takenOut.filter(([number]) => !numbers.has(number))).toEqual([]);
    expect(files.filter((file) => !existsSync(new URL(`src/${file}`, root)))).toEqual([]);
    expect(files.length).toBeGreaterThan(100);
  });

  it("names only tests that exist, and one at least", () => {
    expect(broken(takenOut.map(([, , , failed]) => failed!))).toEqual([]);
    expect(takenOut.filter(([, , , failed]) => linksIn(failed!).length === 0)).toEqual([]);
  });
});

describe("this check", () => {
  it("reads lists of numbers, and numbers behind a line break", () => {
    expect(cited("(hazards 23, 24 and 49)\n * (hazards 18 and\n * 39; hazard\n// 7)")).toEqual([
      "23",
      "24",
      "49",
      "18",
      "39",
      "7",
    ]);
  });
});
