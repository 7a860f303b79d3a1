import type { Site } from "./site.ts";

/** A way for Redis to be away. */
export interface Fault {
  readonly name: string;
  /** Whether what was stored before is served meanwhile. */
  readonly isReadable: boolean;
  /** Whether what was stored before is there afterwards. */
  readonly isKept: boolean;
  begin(site: Site): Promise<unknown> | void;
  end(site: Site): Promise<unknown> | void;
}

/** What Redis is, and what its connections are, when it is away. */
export const faults: readonly Fault[] = [
  {
    name: "frozen",
    isReadable: false,
    isKept: true,
    begin: ({ server }) => server.freeze(),
    end: ({ server }) => server.thaw(),
  },
  {
    name: "behind a connection that forwards nothing",
    isReadable: false,
    isKept: true,
    begin: ({ proxy }) => proxy.freeze(),
    end: ({ proxy }) => proxy.calm(),
  },
  {
    name: "killed, and restarted empty",
    isReadable: false,
    isKept: false,
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.restart(),
  },
  {
    name: "refusing connections",
    isReadable: false,
    isKept: true,
    begin: ({ proxy }) => {
      proxy.refuse();
      proxy.cut("RST");
    },
    end: ({ proxy }) => proxy.calm(),
  },
  {
    name: "out of memory",
    isReadable: true,
    isKept: true,
    begin: ({ server }) => server.command("CONFIG", "SET", "maxmemory", "1"),
    end: ({ server }) => server.command("CONFIG", "SET", "maxmemory", "0"),
  },
  {
    name: "a replica (READONLY)",
    isReadable: true,
    isKept: true,
    // There is no primary at this address, so it keeps what it has.
    begin: ({ server }) => server.command("REPLICAOF", "127.0.0.1", "1"),
    end: ({ server }) => server.command("REPLICAOF", "NO", "ONE"),
  },
  {
    name: "garbled",
    isReadable: false,
    isKept: true,
    begin: ({ proxy }) => proxy.garble(),
    // node-redis keeps a connection on which it has lost its place.
    end: async ({ proxy }) => {
      await proxy.calm();
      proxy.cut("RST");
    },
  },
];
