// The samples of a page of the documents, and the programs that a reader is told to run.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fail, root } from "./project.mjs";

const flags = ["", "continue", "type-only", "run", "run js", "test"];

/** Reads the samples of a page: each the line it starts at, its flag, and its lines by number. */
export function samplesOf(page) {
  const samples = [];
  let open; // the sample being read
  let given = []; // [line, text] of the comment before it
  let inGiven = false;
  let foreign; // the fence of a block in another language
  readFileSync(page, "utf8")
    .split("\n")
    .forEach((text, line) => {
      const fence = /^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(text);
      if (open !== undefined || foreign !== undefined) {
        if (fence !== null && fence[2] === "" && fence[1].startsWith(open?.fence ?? foreign)) {
          if (open !== undefined) samples.push(open);
          open = foreign = undefined;
        } else open?.lines.push([line, text]);
      } else if (fence !== null && isChecked(fence)) {
        const place = `${relative(root, page)}:${line + 1}`;
        const language = fence[2];
        if (!["ts", "js"].includes(language)) fail(`${place}: write \`\`\`ts, so that the sample is checked`);
        if (!flags.includes(fence[3]))
          fail(`${place}: a sample is marked ${flags.slice(1).join(" or ")}, not ${fence[3]}`);
        if (fence[3].startsWith("run") && given.length > 0)
          fail(`${place}: a whole program takes nothing for granted`);
        open = { line: line + 1, fence: fence[1], language, flag: fence[3], lines: given };
        given = [];
      } else if (fence !== null) {
        foreign = fence[1];
      } else if (inGiven || text.startsWith("<!-- given:")) {
        given.push([line, text.replace("<!-- given:", "").replace("-->", "")]);
        inGiven = !text.includes("-->");
      } else if (text.trim() !== "") given = [];
    });
  if (open !== undefined) fail(`${relative(root, page)}:${open.line}: the sample has no end`);
  return samples;
}

const isChecked = ([, , language, flag]) =>
  ["ts", "typescript", "tsx"].includes(language) || (language === "js" && flag === "run");
