import type { ChooseVariant, Entry, EntryHead, Leases, Look, Marks, Read, Store } from "../index.ts";
import { decodeHead, encodeHead } from "./entry-codec.ts";
import { leasesIn, marksIn } from "./shared-server.ts";
import type { Lease } from "./shared-server.ts";

/** A resource on a {@link BytesServer}: its `vary` list as JSON, and its encoded variants by name. */
export interface StoredResource {
  readonly vary: string;
  readonly variants: Map<string, { readonly head: Uint8Array; readonly body: Uint8Array }>;
}

/** What a {@link bytesStore} reads and writes: text and bytes, as on a server. A test may read and corrupt it. */
export interface BytesServer {
  readonly resources: Map<string, StoredResource>;
  /** The position at which each resource was last deleted. */
  readonly deleted: Map<string, number>;
  /** The last position of each name that was invalidated. */
  readonly marks: Map<string, number>;
  readonly leases: Map<string, Lease>;
}

/** Options of {@link bytesStore}. */
export interface BytesStoreOptions {
  /** Where the bytes are. Stores of one server have the same content. Default: a server of its own. */
  readonly server?: BytesServer;
  /** Whether the store says that it is shared: it has `marks` and `leases` then. Default: false. */
  readonly shared?: boolean;
}

/** Returns an empty server for {@link bytesStore}. */
export function bytesServer(): BytesServer {
  return { resources: new Map(), deleted: new Map(), marks: new Map(), leases: new Map() };
}

/**
 * Returns an asynchronous store over text and bytes, like one on a server. It is an example for authors of stores. It has no
 * bound, so it is for tests only.
 *
 * @example
 * const server = bytesServer();
 * // Two processes with one server:
 * const [first, second] = [bytesStore({ server, shared: true }), bytesStore({ server, shared: true })];
 */
export function bytesStore({ server = bytesServer(), shared = false }: BytesStoreOptions = {}): Store {
  return new BytesStore(server, shared);
}

/** How many heads are remembered by their bytes. */
const MOST_HEADS = 1000;

class BytesStore implements Store {
  readonly name = "bytes";
  readonly shared: boolean;
  readonly marks?: Marks;
  readonly leases?: Leases;
  readonly #server: BytesServer;
  readonly #heads = new Map<string, EntryHead>();

  constructor(server: BytesServer, shared: boolean) {
    this.#server = server;
    this.shared = shared;
    if (!shared) return;
    this.marks = marksIn(server.marks);
    this.leases = leasesIn(server.leases);
  }

  // `async`, so that an error of the chooser rejects.
  async get(key: string, choose: ChooseVariant, look: Look): Promise<Read | undefined> {
    const resource = this.#server.resources.get(key);
    if (resource === undefined) return undefined;
    const vary = JSON.parse(resource.vary) as string[];
    const found = resource.variants.get(choose(vary));
    const head = found && this.#head(found.head);
    if (found === undefined || head === undefined) return { vary };
    return look.body ? { vary, head, body: found.body.slice() } : { vary, head };
  }

  async set(entry: Entry): Promise<boolean> {
    const { resources, deleted } = this.#server;
    const { key, variant, body, began } = entry;
    if (this.shared && began < (deleted.get(key) ?? 0)) return false;
    const vary = JSON.stringify(entry.vary);
    // No await between reading and writing, so that two variants set concurrently are both kept.
    const known = resources.get(key);
    const resource = known?.vary === vary ? known : { vary, variants: new Map() };
    resource.variants.set(variant, { head: encodeHead(entry), body: body.slice() });
    resources.set(key, resource);
    return true;
  }

  async delete(key: string, position: number): Promise<number> {
    const { resources, deleted } = this.#server;
    deleted.set(key, Math.max(position, deleted.get(key) ?? 0));
    const count = resources.get(key)?.variants.size ?? 0;
    resources.delete(key);
    return count;
  }

  async clear(): Promise<void> {
    this.#server.resources.clear();
  }

  /** The same object for the same bytes: what the core has checked and prepared for hits is remembered by it. */
  #head(bytes: Uint8Array): EntryHead | undefined {
    const name = Buffer.from(bytes).toString("latin1");
    const known = this.#heads.get(name);
    if (known !== undefined) return known;
    const head = decodeHead(bytes);
    if (head === undefined) return undefined;
    const [oldest] = this.#heads.keys();
    if (oldest !== undefined && this.#heads.size >= MOST_HEADS) this.#heads.delete(oldest);
    this.#heads.set(name, head);
    return head;
  }
}
