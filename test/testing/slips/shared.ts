import type { Leases, Mark, Marks, Store } from "../../../src/index.ts";
import { wronged } from "./wronged.ts";
import type { Slip, Working } from "./wronged.ts";

/** Logs that lose marks, or their order. */
export const ofMarks: readonly Slip[] = [
  [
    "begins a log when it is read",
    "reading a log that is absent returns an empty list",
    logging(({ marks }) => ({
      read: async (from) => {
        await marks.add([], 0);
        return marks.read(from);
      },
    })),
  ],
  [
    "begins no log without names",
    "adding no names begins an absent log with a mark of everything",
    logging(({ marks }) => ({
      add: async (names, above) => (names.length > 0 ? marks.add(names, above) : 0),
    })),
  ],
  [
    "marks everything where no names are given",
    "adding no names to a log changes nothing and returns its last position",
    logging(({ marks }) => ({ add: (names, above) => marks.add(names.length > 0 ? names : ["*"], above) })),
  ],
  [
    "begins a log without a mark of everything",
    "names begin an absent log with a mark of everything below them",
    logging(({ marks, server }) => ({
      add: async (names, above) => {
        const isAbsent = server.marks.size === 0;
        const last = await marks.add(names, above);
        if (isAbsent && names.length > 0) server.marks.delete("*");
        return last;
      },
    })),
  ],
  [
    "ignores what positions have to be above",
    "each name has a position of its own, above the given one, above all others, and in order",
    logging(({ marks }) => ({ add: (names) => marks.add(names, 0) })),
  ],
  [
    "gives all names of a call one position",
    "each name has a position of its own, above the given one, above all others, and in order",
    logging(({ marks, server }) => ({
      add: async (names, above) => {
        const last = await marks.add(names, above);
        for (const name of names) server.marks.set(name, last);
        return last;
      },
    })),
  ],
  [
    "counts nanoseconds",
    "positions are whole numbers below 2 to the power of 53",
    logging(({ marks }) => ({
      add: async (names, above) => (await marks.add(names, above)) * 1000,
      read: async (from) => multiplied(await marks.read(from / 1000), 1000),
    })),
  ],
  [
    "counts from one",
    "the log of a later time begins above that of an earlier one",
    logging(({ marks, server }) => ({
      add: (names) => {
        let last = server.marks.size;
        for (const name of last === 0 ? ["*", ...names] : names) server.marks.set(name, ++last);
        return last;
      },
      read: (from) => marks.read(from),
    })),
  ],
  [
    "leaves a name where it was",
    "a name that is marked again moves to its new position",
    logging(({ marks, server }) => ({
      add: (names, above) => {
        const news = names.filter((name) => !server.marks.has(name));
        return marks.add(news, above);
      },
    })),
  ],
  [
    "keeps each call as it was given",
    "a name that is given twice at once stands in the log once, at the last position",
    logging(({ marks }) => {
      const log: Mark[] = [];
      return {
        add: async (names, above) => {
          const last = await marks.add(names, above);
          log.push(...names.map((name, at) => ({ name, position: last - names.length + 1 + at })));
          return last;
        },
        read: async (from) => log.filter(({ position }) => position >= from),
      };
    }),
  ],
  [
    "reads from after a position",
    "read includes the mark at its position, and none before it",
    logging(({ marks }) => ({ read: (from) => marks.read(from + 1) })),
  ],
  [
    "reads one log after the other",
    "marks of all kinds, of keys too, come in one order",
    logging(({ marks }) => ({
      read: async (from) => {
        const log = await marks.read(from);
        const isOfKey = ({ name }: Mark): boolean => name.startsWith("k|");
        return [...log.filter((mark) => !isOfKey(mark)), ...log.filter(isOfKey)];
      },
    })),
  ],
  [
    "cuts long names",
    "names with any characters, and long ones, stay apart",
    logging(({ marks }) => ({
      add: (names, above) =>
        marks.add(
          names.map((name) => name.slice(0, 1000)),
          above,
        ),
    })),
  ],
  [
    "returns the newest page",
    "many marks are read page by page, each from the last position on",
    logging(({ server }) => ({ read: (from) => inOrder(server.marks, from).slice(-1000) })),
  ],
  [
    "returns short pages",
    "a page of marks that is not the last is full",
    logging(({ server }) => ({ read: (from) => inOrder(server.marks, from).slice(0, 50) })),
  ],
  [
    "reads its last position and writes later",
    "marks that are added concurrently are all kept, at positions of their own",
    logging(({ server }) => ({
      add: async (names) => {
        let last = inOrder(server.marks, 0).at(-1)?.position ?? 1_767_225_600_000_000;
        await Promise.resolve();
        for (const name of server.marks.size === 0 ? ["*", ...names] : names) server.marks.set(name, ++last);
        return last;
      },
    })),
  ],
  [
    "clears its log",
    "clear keeps the marks, and marks keep the entries",
    wronged(({ store, server }) => ({
      clear: () => {
        server.marks.clear();
        return store.clear();
      },
    })),
  ],
];

/** Leases that two have, or nobody. */
export const ofLeases: readonly Slip[] = [
  [
    "gives a lease to all",
    "a lease is taken once, and held for all others",
    leasing(() => ({ acquire: () => "mine" })),
  ],
  [
    "looks, and takes later",
    "of several that take a lease concurrently, one has it",
    leasing(({ leases, server }) => ({
      acquire: async (name, token, ms) => {
        if (server.leases.has(name)) return leases.acquire(name, token, ms);
        await Promise.resolve();
        server.leases.set(name, { token, until: Date.now() + ms });
        return "mine";
      },
    })),
  ],
  [
    "trims names",
    "leases of different names stay apart",
    leasing(({ leases }) => ({ acquire: (name, token, ms) => leases.acquire(name.trim(), token, ms) })),
  ],
  [
    "releases nothing",
    "a lease that was released can be taken again",
    leasing(() => ({ release: () => undefined })),
  ],
  [
    "releases for anyone",
    "another token cannot release a lease",
    leasing(({ server }) => ({ release: (name) => void server.leases.delete(name) })),
  ],
  [
    "tells for anyone that a name is alone",
    "another token cannot release a lease",
    leasing(({ leases, server }) => ({
      release: async (name, token, verdict) => {
        if (verdict === undefined) return leases.release(name, token);
        server.leases.set(name, { token: undefined, until: Date.now() + verdict.alone });
      },
    })),
  ],
  [
    "renews for anyone",
    "another token cannot renew a lease",
    leasing(({ leases, server }) => ({
      renew: (name, token, ms) => leases.renew(name, server.leases.get(name)?.token ?? token, ms),
    })),
  ],
  [
    "takes what it should renew",
    "a lease that nobody holds cannot be renewed, and is not taken by it",
    leasing(({ leases }) => ({
      renew: async (name, token, ms) => (await leases.acquire(name, token, ms)) === "mine",
    })),
  ],
  [
    "has leases without an end",
    "a lease ends by itself, and its holder has lost it",
    leasing(({ leases }) => ({ acquire: (name, token) => leases.acquire(name, token, Infinity) })),
  ],
  [
    "releases what another has taken since",
    "a lease ends by itself, and its holder has lost it",
    leasing(({ server }) => ({ release: (name) => void server.leases.delete(name) })),
  ],
  ["renews nothing", "a lease that is renewed is held longer", leasing(() => ({ renew: () => true }))],
  [
    "ignores the verdict",
    "a lease that was released with the verdict alone tells all others so",
    leasing(({ leases }) => ({ release: (name, token) => leases.release(name, token) })),
  ],
  [
    "has verdicts without an end",
    "the verdict alone ends by itself",
    leasing(({ leases }) => ({
      release: (name, token, verdict) => leases.release(name, token, verdict && { alone: Infinity }),
    })),
  ],
  [
    "clears its leases",
    "clear keeps the leases",
    wronged(({ store, server }) => ({
      clear: () => {
        server.leases.clear();
        return store.clear();
      },
    })),
  ],
];

function logging(alter: (working: Working) => Partial<Marks>): () => Store {
  return wronged((working) => ({ marks: { ...working.marks, ...alter(working) } }));
}

function leasing(alter: (working: Working) => Partial<Leases>): () => Store {
  return wronged((working) => ({ leases: { ...working.leases, ...alter(working) } }));
}

function inOrder(log: Map<string, number>, from: number): readonly Mark[] {
  return [...log]
    .map(([name, position]) => ({ name, position }))
    .filter(({ position }) => position >= from)
    .toSorted((left, right) => left.position - right.position);
}

function multiplied(log: readonly Mark[], factor: number): readonly Mark[] {
  return log.map(({ name, position }) => ({ name, position: position * factor }));
}
