import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./project.mjs";

/** Counts the arrows between the rooms of core, as the imports draw them, and the floors on which the rooms stand. */
export function countRooms() {
  const seen = new Set();
  for (const file of readdirSync(join(root, "src/core"), { recursive: true })) {
    const [room, name] = file.split("/");
    if (name === undefined) continue;
    for (const [, other] of readFileSync(join(root, "src/core", file), "utf8").matchAll(
      / from "\.\.\/([a-z-]+)\/[^"]+"/g,
    ))
      seen.add(`${room} ${other}`);
  }
  const arrows = [...seen].map((arrow) => arrow.split(" "));
  const floorOf = (room) =>
    1 + Math.max(0, ...arrows.filter(([from]) => from === room).map(([, to]) => floorOf(to)));
  return { arrows, floors: Math.max(...arrows.map(([room]) => floorOf(room))) };
}
