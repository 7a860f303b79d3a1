import { addTags, takeTags } from "../../src/adapter.ts";
import type {
  Fields,
  Fill,
  HandlerHead,
  OpenFill,
  Sink,
  StreamedReply,
  WriteEnd,
} from "../../src/adapter.ts";
import type { Client } from "./client.ts";
import { textOf } from "./fields.ts";
import type { Ending, Purge, Request, Run } from "./history.ts";
import type { Performance } from "./origin.ts";
import { readTo } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Named } from "./writes.ts";

/** One run of a handler, as an adapter goes through it: from its first moment to the end of its content. */
export class HandlerRun {
  readonly #stage: Stage;
  readonly #run: Run;
  readonly #does: Performance;
  readonly #isUnsafe: boolean;
  #client: Client | undefined;
  #sent = 0;

  /** Without a client it is a refresh, or goes on for others. */
  constructor(stage: Stage, run: Run, method: Request["method"], client: Client | undefined) {
    this.#stage = stage;
    this.#run = run;
    this.#isUnsafe = method === "POST";
    this.#does = stage.origin.perform(run, run.isBackground ? "GET" : method);
    this.#client = client;
    run.body = this.#does.body;
    const { headMs, said, parts, isThrowing, breaksAt, stallsAt } = this.#does;
    const what = isThrowing ? "throw" : `say ${said.status}, ${run.body.length} bytes`;
    const how = `${parts === undefined ? "whole" : `in ${parts.length} parts`} broken ${breaksAt} stalled ${stallsAt}`;
    stage.history.tell(`r${run.id} begins, to ${what} after ${headMs} ms,`, how);
  }

  /** Past the cache. */
  pass(fields: Fields): void {
    this.#onLeave(() => this.#over("abandoned"));
    this.#atHead(
      () => this.#over("failed"),
      () => this.#direct([...this.#does.fields, ...fields], undefined),
    );
  }

  /** For a fill. */
  fill(fill: Fill): void {
    this.#onLeave(() => {
      this.#client = undefined;
      if (!fill.leave()) this.#over("abandoned");
      else this.#stage.history.tell(`r${this.#run.id} goes on without its client`);
    });
    this.#atHead(
      () => {
        this.#over("failed");
        fill.abandon("failed", new Error("the handler throws"));
      },
      () => this.#open(fill),
    );
  }

  /** For a write whose route declares what it makes outdated. It goes on without its client. */
  write(named: Named): void {
    const { writes, origin, random } = this.#stage;
    const end = (how: WriteEnd): void => void writes.end(how, named);
    const leave = (): void => {
      this.#client = undefined;
      end({ status: undefined });
    };
    this.#onLeave(leave);
    this.#atHead(
      () => {
        if (random.chance(0.5)) origin.change(this.#run.key);
        this.#over("failed");
        end({ status: 500, hasThrown: true });
      },
      () => {
        const { said, fields } = this.#does;
        if (said.status < 400 || (said.status >= 500 && random.chance(0.5))) origin.change(this.#run.key);
        const isLeaving = (): boolean => (leave(), true);
        const sink = {
          write: () => undefined,
          room: () => undefined,
          hold: () => () => undefined,
          // It may have written on until then.
          end: () => end({ status: said.status }),
          leave: isLeaving,
          abandon: leave,
        };
        const pending = writes.end({ status: said.status }, named);
        if (pending instanceof Promise) void pending.then(() => this.#direct(fields, sink));
        else this.#direct(fields, sink);
      },
    );
  }

  #open(fill: Fill): void {
    const { parts, wholeMs } = this.#does;
    const open = this.#isUnsafe ? this.#change(fill) : fill.open(this.#head());
    if (parts !== undefined) return this.#stream(open);
    this.#onLeave(() => {
      this.#client = undefined;
      // Some go on without their client, as an adapter may that has the whole content.
      if (this.#stage.random.chance(0.5)) return;
      this.#over("abandoned");
      open.abandon("aborted");
    });
    this.#later(wholeMs, () => this.#complete(open));
  }

  /** The head of its response, with the tags that its handler has added. */
  #head(): HandlerHead {
    const { status, tag, isTagNamed } = this.#does.said;
    const reply = {};
    if (this.#stage.world.tagging === "by call" && isTagNamed && tag !== undefined)
      addTags(reply, [tag], "the reply");
    return { status, fields: this.#does.fields, tags: takeTags(reply) };
  }

  /** What is under the key changes, if nothing goes wrong, and what was stored of it is outdated. */
  #change(fill: Fill): OpenFill {
    const { history, origin, store } = this.#stage;
    const head = this.#head();
    if (head.status >= 400) return fill.open(head);
    origin.change(this.#run.key);
    const purge: Purge = {
      what: { key: this.#run.key },
      isSoft: false,
      began: history.moment(),
      returned: undefined,
      asked: undefined,
      removed: undefined,
    };
    history.purges.push(purge);
    history.tell(`purge of ${this.#run.key} by an unsafe request`);
    store.purge = purge;
    const open = fill.open(head);
    store.purge = undefined;
    purge.returned = history.moment();
    return open;
  }

  #complete(open: OpenFill): void {
    const client = this.#client;
    if (this.#does.breaksAt !== undefined) {
      this.#over("broken");
      open.abandon("failed");
      return client?.end("broken");
    }
    const bytes = Buffer.from(this.#run.body, "latin1");
    this.#sending(bytes.byteLength);
    this.#over("clean");
    const reply = open.complete(bytes);
    if (client === undefined || client.isGone) return;
    client.head(reply.status, reply.fields);
    client.part(textOf(reply.body));
    client.end("clean");
  }

  #stream(open: OpenFill): void {
    const streamed = open.stream(() => {
      this.#stage.history.tell(`r${this.#run.id} is stopped`);
      this.#over("stopped");
    });
    const { sink } = streamed;
    if (sink === undefined) return this.#direct(streamed.fields, undefined);
    if (this.#stage.world.adapter === "tapped") return this.#direct(streamed.fields, sink);
    this.#beside(streamed, sink);
  }

  /** The client reads what the cache has, and the source is written into it. */
  #beside(
    { status, fields, content }: Pick<StreamedReply, "status" | "fields" | "content">,
    sink: Sink,
  ): void {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined && content !== undefined) {
      client.head(status, fields);
      void readTo(this.#stage, client, content);
    }
    this.#pump(0, sink);
  }

  /** The client is written to at once, with copies into the cache where it wants them. */
  #direct(fields: Fields, sink: Sink | undefined): void {
    this.#onLeave(() => {
      this.#client = undefined;
      if (sink === undefined) this.#over("abandoned");
      else if (!sink.leave()) this.#over("stopped");
    });
    this.#client?.head(this.#does.said.status, fields);
    this.#pump(0, sink);
  }

  #pump(at: number, sink: Sink | undefined): void {
    const { parts = [this.#run.body], partMs, breaksAt, stallsAt } = this.#does;
    if (stallsAt === at) return;
    this.#later(partMs, () => {
      if (breaksAt === at) {
        const client = this.#client;
        this.#over("broken");
        sink?.abandon("failed", new Error("the source breaks off"));
        return client?.end("broken");
      }
      const part = parts[at];
      if (part === undefined) {
        const client = this.#client;
        this.#over("clean");
        sink?.end();
        return client?.end("clean");
      }
      this.#write(part, sink);
      const room = sink?.room();
      if (room === undefined || this.#stage.world.adapter === "tapped") return this.#pump(at + 1, sink);
      void room.then(() => this.#pump(at + 1, sink));
    });
  }

  #write(part: string, sink: Sink | undefined): void {
    const bytes = Buffer.from(part, "latin1");
    this.#sending(bytes.byteLength);
    sink?.write(bytes);
    // Sources reuse their buffers.
    bytes.fill(0x23);
    this.#client?.part(part, this.#run.body.length);
  }

  #sending(bytes: number): void {
    const most = this.#stage.world.route.maxBodyBytes ?? Infinity;
    this.#sent += bytes;
    if (this.#sent > most) this.#run.outgrew ??= this.#stage.history.moment();
  }

  /** Waits for the handler's head, or for its failure. */
  #atHead(fail: () => void, head: () => void): void {
    const { headMs, isThrowing, said } = this.#does;
    if (headMs === undefined) return;
    this.#later(headMs, () => {
      if (isThrowing) {
        const client = this.#client;
        fail();
        return client?.end("broken");
      }
      this.#run.head = this.#stage.history.moment();
      this.#run.said = said;
      this.#stage.history.tell(`r${this.#run.id} says`, ...this.#does.fields.flat(2));
      head();
    });
  }

  /** Goes on later, unless the run is over by then. */
  #later(ms: number, go: () => void): void {
    this.#stage.clock.after(ms, () => {
      if (this.#run.over === undefined) go();
    });
  }

  #onLeave(leave: () => void): void {
    if (this.#client === undefined) return;
    this.#client.onLeave = () => {
      if (this.#run.over === undefined) leave();
    };
  }

  #over(ending: Ending): void {
    if (this.#run.over !== undefined) return;
    this.#run.over = this.#stage.history.moment();
    this.#run.ending = ending;
    this.#stage.history.tell(`r${this.#run.id} is over: ${ending}`);
    this.#client = undefined;
  }
}
