// The package has no types of its own; this is what the benchmark uses of it.
declare module "koa-cash" {
  import type { Middleware } from "koa";

  interface Options {
    readonly maxAge: number;
    get(key: string): unknown;
    set(key: string, value: unknown): unknown;
  }

  export default function koaCash(options: Options): Middleware;
}
