import type { Random } from "./random.ts";

/** One run of bytes that a client asks for: from `first` on, up to `last` or to the end; or the last so many. */
export type Range =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly suffix: number };

/** Of what a range is one: a run, say. */
interface Content {
  readonly body: string;
}

/** Draws one; some begin behind the end of what there is. */
export function drawRange(random: Random): Range {
  if (random.chance(0.2)) return { suffix: random.pick([1, 10, 1000]) };
  const first = random.pick([0, 0, 1, 15, 40, 90, 1000]);
  return { first, last: random.pick([undefined, first, first + 9, first + 1000]) };
}

/** The field that asks for it. */
export function formatRange(range: Range): string {
  return "suffix" in range ? `bytes=-${range.suffix}` : `bytes=${range.first}-${range.last ?? ""}`;
}

/** Its place in so many bytes, both ends included; undefined where there is nothing at it. */
export function placeIn(
  range: Range,
  length: number,
): { readonly first: number; readonly last: number } | undefined {
  const first = "suffix" in range ? Math.max(0, length - range.suffix) : range.first;
  const last = "suffix" in range ? length - 1 : Math.min(range.last ?? Infinity, length - 1);
  return first <= last ? { first, last } : undefined;
}

/** The `Content-Range` with which a part of a run's content is sent, or said to be none. */
export function contentRange(range: Range, { body }: Content): string {
  const place = placeIn(range, body.length);
  return `bytes ${place === undefined ? "*" : `${place.first}-${place.last}`}/${body.length}`;
}

/** The part of a run's content that a range means. */
export function partOf(range: Range, { body }: Content): string {
  const place = placeIn(range, body.length);
  return place === undefined ? "" : body.slice(place.first, place.last + 1);
}
