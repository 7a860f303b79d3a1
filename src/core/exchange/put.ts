import type { Entry } from "../store.ts";
import { keep } from "./run.ts";
import type { RunParts } from "./run.ts";

/**
 * Puts an entry in the place of all that is stored under its key and of what fills under way would bring; answers
 * whether it is there in the end. An invalidation that overtakes it is not undone by it (hazard 22).
 */
export async function put(parts: RunParts, entry: Entry): Promise<boolean> {
  const { fence } = parts;
  fence.purge(entry.key);
  const ticket = fence.enter(entry.key, () => undefined);
  const kept = await keep({ parts, ticket }, entry);
  return kept === "kept" && !ticket.purged;
}
