import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../", import.meta.url);

/** The TypeScript files below a folder, such as `request/cache-key.ts`. */
function filesIn(folder: string): readonly string[] {
  const files = readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" });
  return files.map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".ts"));
}

/** Whether a file exports something that runs; one with types alone decides nothing. */
function decides(path: string): boolean {
  const source = readFileSync(new URL(path, root), "utf8");
  return /^export (?:async )?(?:const|let|function|class|default|\{)/m.test(source);
}

/** Where the test of a file lies: `file.test.ts`, or `file.aspect.test.ts`. */
function testedBy(test: string): string {
  return test.replace(/(?:\.[a-z0-9-]+)?\.test\.ts$/, ".ts");
}

describe.each(["core", "http", "stores"])("src/%s", (folder) => {
  const sources = filesIn(`src/${folder}/`);
  const tests = filesIn(`test/${folder}/`).filter((file) => file.endsWith(".test.ts"));

  it("has a test of its name for each file that decides something", () => {
    const tested = new Set(tests.map(testedBy));

    expect(sources.filter((file) => decides(`src/${folder}/${file}`) && !tested.has(file))).toEqual([]);
  });

  it("has a file for each test", () => {
    expect(tests.filter((test) => !sources.includes(testedBy(test)))).toEqual([]);
  });
});

describe("a file of src", () => {
  it("decides something unless it holds types alone", () => {
    expect([decides("src/core/request/cache-key.ts"), decides("src/core/contract/decisions.ts")]).toEqual([
      true,
      false,
    ]);
  });
});

/** The links of the documents to files, by page. */
function linksOfDocs(): readonly { readonly page: string; readonly target: URL }[] {
  const docs = new URL("docs/", root);
  const pages = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".md"),
  );
  return pages.flatMap((page) => {
    const links = readFileSync(new URL(page, docs), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)[)#]/g);
    return [...links].map(([, link = ""]) => ({ page, target: new URL(link, new URL(page, docs)) }));
  });
}

describe("the documents", () => {
  it("link to nothing outside of docs, since the published package has no more", () => {
    const { href } = new URL("docs/", root);

    expect(linksOfDocs().filter(({ target }) => !target.href.startsWith(href))).toEqual([]);
  });

  it("have the pages that they link to", () => {
    expect(linksOfDocs().filter(({ target }) => !existsSync(target))).toEqual([]);
  });
});
