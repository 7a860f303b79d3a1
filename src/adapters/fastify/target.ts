import type { FastifyRequest } from "fastify";
import type { Fill } from "../../adapter.ts";
import { showPath } from "../node/raw-headers.ts";

/** Shows the handler what the key says and no more (hazard 18); `originalUrl` stays for the logs. */
export function showTarget(request: FastifyRequest, target: string, keeps: Fill["keepsParameter"]): void {
  const raw = request.raw as typeof request.raw & { originalUrl?: string };
  raw.originalUrl ??= raw.url ?? target;
  raw.url = target;
  showPath(raw, target);
  const parameters = Object.entries(request.query as Record<string, unknown>);
  request.query = Object.fromEntries(parameters.filter(([name]) => keeps?.(name) ?? true));
}
