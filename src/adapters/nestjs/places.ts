import { VERSION_NEUTRAL, VersioningType } from "@nestjs/common";
import type { Type, VersioningOptions } from "@nestjs/common";
import { metadata, NEST } from "./metadata.ts";
import type { Method, Version } from "./metadata.ts";

/** What tells routes of one path apart. */
export interface Choice {
  /** A suffix of the route's name, such as ` {version: "1"}`. */
  readonly suffix: string;
  /** The request fields by which Nest chooses. */
  readonly vary: readonly string[];
}

/**
 * Returns by what Nest chooses this method among those of one path: a host, or a version that the path does not show.
 * `isAlone`: no other method has a version of this path, so a method for all of them depends on none.
 */
export function choiceOf(
  controller: Type,
  method: Method,
  versioning: VersioningOptions | undefined,
  isAlone: boolean,
): Choice {
  const host = [metadata(NEST.host, controller) ?? []].flat();
  const version = versionOf(controller, method, versioning);
  const isShown = versioning === undefined || versioning.type === VersioningType.URI || version === undefined;
  const isForAll = version === VERSION_NEUTRAL && isAlone;
  const parts = [
    ...(host.length > 0 ? [`host: ${host.map((one) => JSON.stringify(String(one))).join()}`] : []),
    ...(isShown || isForAll ? [] : [`version: ${[version].flat().map(shownVersion).join()}`]),
  ];
  return {
    suffix: parts.length === 0 ? "" : ` {${parts.join(", ")}}`,
    vary: isShown || isForAll ? [] : fieldsOf(versioning),
  };
}

/** Returns the version of a method. Undefined: it has none, or versions are off. */
export function versionOf(
  controller: Type,
  method: Method,
  versioning: VersioningOptions | undefined,
): Version | undefined {
  if (versioning === undefined) return undefined;
  return (
    metadata(NEST.version, method) ??
    metadata(NEST.version, controller) ??
    (versioning as { readonly defaultVersion?: Version }).defaultVersion
  );
}

function shownVersion(version: unknown): string {
  return version === VERSION_NEUTRAL ? "neutral" : JSON.stringify(String(version));
}

/** Returns the request fields that show a version. */
function fieldsOf(versioning: VersioningOptions): readonly string[] {
  switch (versioning.type) {
    case VersioningType.HEADER:
      return [versioning.header.toLowerCase()];
    case VersioningType.MEDIA_TYPE:
      return ["accept"];
    case VersioningType.CUSTOM:
      return fieldsReadBy(versioning.extractor);
    case VersioningType.URI:
      return [];
  }
}

/** Returns the fields that an extractor reads, by giving it a request without any. */
function fieldsReadBy(extractor: (request: object) => unknown): readonly string[] {
  const read = new Set<string>();
  const note = (name: unknown): undefined => {
    if (typeof name === "string") read.add(name.toLowerCase());
    return undefined;
  };
  const headers = new Proxy<Record<string, undefined>>({}, { get: (_, name) => note(name) });
  try {
    extractor({ headers, raw: { headers }, url: "/", method: "GET", query: {}, get: note, header: note });
  } catch {
    // An extractor that fails without a field has read it before.
  }
  // `Host` is a part of the URL.
  return [...read].filter((name) => name !== "host" && !name.startsWith(":"));
}
