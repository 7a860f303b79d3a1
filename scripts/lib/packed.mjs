// The packed package, and how a page's npm commands are run with it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { must, readJson } from "./project.mjs";

const { devDependencies } = readJson("package.json");

/** What only the pages install. */
const pins = { "@fastify/jwt": "10.2.8", jest: "30.5.2", supertest: "7.3.2", ...devDependencies };

/** Packs the package into a folder; returns the path of the tarball. */
export async function pack(folder) {
  await must("npm", ["pack", "--loglevel=error", "--pack-destination", folder]);
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".tgz")),
  );
}

/** Runs an npm command of a page, with the tarball in the place of the published package and pinned versions of others. */
export async function runNpm(command, cwd, tarball) {
  const words = command
    .split(" ")
    .slice(1)
    .map((word) => {
      if (word === "caching-route") return tarball;
      return pins[word] === undefined ? word : `${word}@${pins[word]}`;
    });
  await must("npm", [...words, "--no-audit", "--no-fund"], { cwd });
}
