import { cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Nest } from "../harness/nestjs.ts";

const root = join(import.meta.dirname, "../../..");
const own = join(import.meta.dirname, "nest11");

/** Returns Nest 11, and the built package as it is installed beside that: it finds this version by name. */
export async function nest11(): Promise<Nest> {
  const installed = join(own, "node_modules/caching-route");
  rmSync(installed, { recursive: true, force: true });
  cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  const require = createRequire(join(own, "package.json"));
  const load = async (name: string): Promise<unknown> =>
    import(/* @vite-ignore */ pathToFileURL(require.resolve(name)).href);
  return {
    version: "11",
    common: (await load("@nestjs/common")) as Nest["common"],
    core: (await load("@nestjs/core")) as Nest["core"],
    express: (await load("@nestjs/platform-express")) as Nest["express"],
    fastify: (await load("@nestjs/platform-fastify")) as Nest["fastify"],
    caching: (await load("caching-route/nestjs")) as Nest["caching"],
  };
}
