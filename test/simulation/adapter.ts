import type { Bypass, Decision, Fill, Follow, MaybePromise, RequestRecord } from "../../src/adapter.ts";
import type { ExplainRequest, Explanation } from "../../src/index.ts";
import type { Client } from "./client.ts";
import { formatDirectives } from "./directives.ts";
import { textOf } from "./fields.ts";
import { HandlerRun } from "./handler-run.ts";
import type { Request, Run } from "./history.ts";
import { formatRange } from "./ranges.ts";
import { readTo } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Native } from "./world.ts";

const ORIGIN = "http://sim";

/** A small adapter, which does all that the contract of the core asks of adapters, and no more. */
export class Adapter {
  readonly #stage: Stage;
  readonly #begin: (record: RequestRecord<Native>) => MaybePromise<Decision>;
  readonly #explain: (described: ExplainRequest) => Promise<Explanation>;

  constructor(
    stage: Stage,
    begin: (record: RequestRecord<Native>) => MaybePromise<Decision>,
    explain: (described: ExplainRequest) => Promise<Explanation>,
  ) {
    this.#stage = stage;
    this.#begin = begin;
    this.#explain = explain;
  }

  /** One client asks. */
  ask(client: Client): void {
    const { history } = this.#stage;
    const { request } = client;
    client.begin();
    const { method, key, variant, condition, range, ifRange, directives, hasCredentials, id } = request;
    const isWrite = method === "POST" && this.#stage.world.writes === "declared";
    history.tell(
      `q${id} ${method} ${key}`,
      variant,
      request.principal,
      condition,
      hasCredentials ? "cookie" : undefined,
      range && formatRange(range),
      ifRange && `if-range ${ifRange}`,
      formatDirectives(directives),
    );
    if (isWrite) return this.#write(client);
    try {
      const decided = this.#stage.store.readTogether(
        () => this.#tell(request),
        () => this.#begin(this.#record(request)),
      );
      request.isPromised = decided instanceof Promise;
      if (!(decided instanceof Promise)) return this.#go(client, decided);
      decided.then(
        (decision) => this.#go(client, decision),
        (error: unknown) => history.failed(error),
      );
    } catch (error) {
      history.failed(error);
    }
  }

  /** Has the request explained, as it is about to be sent. */
  #tell(request: Request): void {
    const { clock, history } = this.#stage;
    const { method, key, principal } = request;
    const described = {
      method,
      url: `${ORIGIN}/${key}`,
      headers: fieldsOf(request),
      native: { key, principal },
    };
    this.#explain(described).then(
      ({ outcome, reason, cacheStatus, text }) => {
        request.told = { outcome, reason, cacheStatus, text, at: clock.instant(), step: clock.steps };
        history.tell(`q${request.id} is told:`, outcome, reason, cacheStatus);
      },
      (error: unknown) => history.failed(error),
    );
  }

  #record(request: Request): RequestRecord<Native> {
    const { method, key, principal } = request;
    const fields = fieldsOf(request);
    return {
      method,
      origin: ORIGIN,
      target: `/${key}`,
      native: { key, principal },
      header: (name) => fields[name],
      refresh: request.isRefreshable ? (fill) => this.#refresh(request, fill) : undefined,
    };
  }

  /** Runs the handler without its client, in a later turn. */
  #refresh(request: Request, fill: Fill): void {
    const { clock, history } = this.#stage;
    const run = this.#runFor(request, "fill", true, fill);
    history.tell(`r${run.id} is to refresh ${run.key} for q${request.id}`);
    clock.after(0, () => new HandlerRun(this.#stage, run, "GET", undefined).fill(fill));
  }

  #go(client: Client, decision: Decision): void {
    const { clock, history } = this.#stage;
    const { request } = client;
    request.step = clock.steps;
    request.decided = history.moment();
    request.decision = decision.kind;
    request.outcome = "outcome" in decision ? decision.outcome : undefined;
    history.tell(
      `q${request.id} is decided: ${decision.kind}`,
      request.outcome,
      client.isGone ? "(gone)" : undefined,
    );
    switch (decision.kind) {
      case "serve":
        if (client.isGone) return;
        client.head(decision.reply.status, decision.reply.fields);
        client.part(textOf(decision.reply.body));
        client.end("clean");
        return;
      case "follow":
        return this.#follow(client, decision);
      case "bypass":
        return this.#pass(client, decision);
      case "fill":
        return this.#fill(client, decision);
    }
  }

  /** A write is not looked up. */
  #write(client: Client): void {
    const { clock, history, random, origin } = this.#stage;
    const { request } = client;
    request.step = clock.steps;
    request.decided = history.moment();
    request.decision = request.outcome = "bypass";
    const run = this.#runFor(request, "bypass", false, { hidden: [], conditions: [] });
    request.run = run;
    const named = random.chance(0.05) ? undefined : [random.pick(origin.tagsOf(request.key))];
    new HandlerRun(this.#stage, run, "POST", client).write(named);
  }

  #follow(client: Client, { status, fields, content }: Follow): void {
    if (client.isGone) return void content.return?.();
    client.head(status, fields);
    void readTo(this.#stage, client, content);
  }

  #pass(client: Client, { fields }: Bypass): void {
    if (client.isGone) return;
    const { request } = client;
    const run = this.#runFor(request, "bypass", false, { hidden: [], conditions: [] });
    request.run = run;
    new HandlerRun(this.#stage, run, request.method, client).pass(fields);
  }

  #fill(client: Client, fill: Fill): void {
    const { request } = client;
    if (fill.conditions.length === 0) request.isAllShown = fill.hidden.length === 0;
    const way = ({ GET: "fill", HEAD: "head", POST: "bypass" } as const)[request.method];
    const run = this.#runFor(request, way, false, fill);
    request.run = run;
    const hasClient = !client.isGone;
    if (!hasClient && !fill.leave()) {
      run.over = this.#stage.history.moment();
      run.ending = "abandoned";
      return;
    }
    new HandlerRun(this.#stage, run, request.method, hasClient ? client : undefined).fill(fill);
  }

  #runFor(
    request: Request,
    way: Run["way"],
    isBackground: boolean,
    { hidden, conditions }: Pick<Fill, "hidden" | "conditions">,
  ): Run {
    const { history } = this.#stage;
    const { id: by, key, variant, principal } = request;
    const asked = hidden.includes("if-none-match") ? undefined : request.condition;
    const shown = conditions.find(([name]) => name === "if-none-match")?.[1];
    const run: Run = {
      id: history.runs.length,
      by,
      isBackground,
      way,
      key,
      variant,
      principal,
      began: history.moment(),
      condition: shown === undefined ? asked : String(shown),
      range: hidden.includes("range") ? undefined : request.range,
      ifRange: hidden.includes("if-range") ? undefined : request.ifRange,
      head: undefined,
      said: undefined,
      body: "",
      outgrew: undefined,
      over: undefined,
      ending: undefined,
    };
    history.runs.push(run);
    return run;
  }
}

function fieldsOf(request: Request): Readonly<Record<string, string | undefined>> {
  const { variant, condition, range, ifRange, directives, hasCredentials } = request;
  return {
    "x-lang": variant === "" ? undefined : variant,
    "if-none-match": condition,
    range: range && formatRange(range),
    "if-range": ifRange,
    "cache-control": formatDirectives(directives) || undefined,
    cookie: hasCredentials ? "session=1" : undefined,
  };
}
