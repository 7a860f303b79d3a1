import type { FastifyRequest } from "fastify";
import type { Fill } from "../../adapter.ts";
import { shadow } from "../node/shadow.ts";
import { overridePath } from "../node/raw-headers.ts";

/**
 * Shows the handler what the key says and no more, by each name that Fastify and Node have for the URL (hazards 18 and
 * 39). Answers what puts `originalUrl` back.
 */
export function showTarget(
  request: FastifyRequest,
  { target = request.url, received = target, keepsParameter: keeps }: Fill,
): () => void {
  // Fastify remembers the one that was asked for first.
  const { raw, originalUrl } = request;
  const parameters = Object.entries(request.query as Record<string, unknown>);
  raw.url = target;
  request.query = Object.fromEntries(parameters.filter(([name]) => keeps?.(name) ?? true));
  overridePath(raw, received);
  const putBack = shadow(request, { originalUrl: received });
  Object.assign(raw, { originalUrl: received });
  return () => {
    putBack();
    Object.assign(raw, { originalUrl });
  };
}
