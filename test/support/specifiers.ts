import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Every specifier that a file and its imports load at run time, without types. */
export function specifiersFrom(
  file: string,
  seen = new Set<string>(),
  found = new Set<string>(),
): Set<string> {
  if (seen.has(file)) return found;
  seen.add(file);
  const code = readFileSync(file, "utf8");
  const statements = /^(?:import|export)\s(\s*type\s)?(?:[^;"]*\sfrom\s)?\s*"([^"]+)"/gm;
  for (const [, isType, specifier = ""] of code.matchAll(statements)) {
    if (isType !== undefined) continue;
    found.add(specifier);
    if (specifier.startsWith(".")) specifiersFrom(join(dirname(file), specifier), seen, found);
  }
  return found;
}
