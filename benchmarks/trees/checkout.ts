import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A commit, built in a folder of its own. */
export interface Checkout {
  /** The commit's whole name. */
  readonly commit: string;
  /** Where its package lies. */
  readonly path: string;
  /** Takes the folder away. */
  remove(): void;
}

/**
 * Exports a commit to a temporary folder and builds it there, with the node_modules of `root`, or with its own if it has
 * another lock file.
 */
export function checkOut(root: string, name: string): Checkout {
  const git = (args: readonly string[]): Buffer =>
    execFileSync("git", args, { cwd: root, maxBuffer: 2 ** 30, stdio: ["ignore", "pipe", "pipe"] });
  const commit = git(["rev-parse", "--verify", `${name}^{commit}`])
    .toString()
    .trim();
  const path = mkdtempSync(join(tmpdir(), "caching-route-bench-"));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  try {
    execFileSync("tar", ["-x", "-C", path], { input: git(["archive", commit]) });
    const [own, other] = [root, path].map((folder) =>
      readFileSync(join(folder, "package-lock.json"), "utf8"),
    );
    if (own === other) symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
    else {
      console.log(`installing what ${commit.slice(0, 10)} needs (npm ci) ...`);
      const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      execFileSync("npm", ["ci", ...quiet], { cwd: path, stdio: ["ignore", "ignore", "inherit"] });
    }
    const compiler = join(path, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: path });
  } catch (error) {
    remove();
    throw error;
  }
  return { commit, path, remove };
}
