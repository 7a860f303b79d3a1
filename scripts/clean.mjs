// Removes what the build wrote, so that a renamed source leaves nothing behind in the package.
//   node scripts/clean.mjs [dist] [build] [coverage]    all three where none is named
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fail, root } from "./lib/project.mjs";

const known = ["dist", "build", "coverage"];
const named = process.argv.slice(2);
const strange = named.filter((folder) => !known.includes(folder));
if (strange.length > 0) fail(`can remove ${known.join(", ")}, not ${strange.join(", ")}`);
for (const folder of named.length > 0 ? named : known)
  rmSync(join(root, folder), { recursive: true, force: true });
