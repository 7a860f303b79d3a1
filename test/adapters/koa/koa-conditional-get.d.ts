declare module "koa-conditional-get" {
  import type { Middleware } from "koa";

  export default function conditional(): Middleware;
}
