// The package has no types of its own; this is what the benchmark uses of it.
declare module "apicache" {
  import type { RequestHandler } from "express";

  const apicache: { middleware(duration: string): RequestHandler };
  export default apicache;
}
