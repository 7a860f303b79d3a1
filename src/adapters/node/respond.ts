import type { Fill } from "../../adapter.ts";
import { follow } from "./follow.ts";
import { lookUp, markFilling } from "./lookup.ts";
import type { Course } from "./lookup.ts";
import { narrowUrl } from "./narrow-url.ts";
import type { Outcome } from "./outcome.ts";
import { setFields, setUnlessSet } from "./reply-fields.ts";
import { overrideHeaders } from "./request.ts";
import { ResponseTap } from "./response-tap.ts";
import type { NodeCall, NodeRoute } from "./route.ts";
import { sendReply } from "./send-reply.ts";
import { restoreAtEnd } from "./shadow.ts";

/**
 * Looks a request up, and either sends the response of the cache or has the handlers run and reads what they send. It throws
 * nothing: one function of `outcome` is called, at once if the store is synchronous. None is if the client has disconnected
 * meanwhile.
 *
 * @example
 * respond({ engine, policy }, { req, res, native: req }, {
 *   proceed: (run) => handle(req, res).catch((error) => (run?.fail(error), fail(error))),
 *   answer: (send) => send(),
 *   fail,
 * });
 */
export function respond<Native>(route: NodeRoute<Native>, call: NodeCall<Native>, outcome: Outcome): void {
  try {
    const course = lookUp(route, call);
    if (course instanceof Promise) void actLater(course, route, call, outcome);
    else act(course, route, call, outcome);
  } catch (thrown) {
    outcome.fail(thrown);
  }
}

async function actLater<Native>(
  course: Promise<Course>,
  route: NodeRoute<Native>,
  call: NodeCall<Native>,
  outcome: Outcome,
): Promise<void> {
  try {
    act(await course, route, call, outcome);
  } catch (error) {
    outcome.fail(error);
  }
}

function act<Native>(
  course: Course,
  route: NodeRoute<Native>,
  call: NodeCall<Native>,
  outcome: Outcome,
): void {
  const { res } = call;
  switch (course.kind) {
    case "serve":
      return outcome.answer(() => sendReply(res, course.reply), nothing);
    case "follow": {
      const drop = (): void => void course.content.return?.();
      const decideAgain = (): void => respond(route, call, outcome);
      return follow(course, res, decideAgain, (send) => outcome.answer(send, drop));
    }
    case "bypass":
      setFields(res, course.fields);
      setUnlessSet(res, course.unlessSet);
      return outcome.proceed();
    case "fill":
      return fill(course, route, call, outcome);
    case "refresh":
      return fill(course.fill, route, call, outcome);
    case "pass":
      return outcome.proceed();
    case "closed":
      return undefined;
  }
}

function nothing(): void {
  // A stored response is held by nobody.
}

function fill<Native>(
  decided: Fill,
  { engine }: NodeRoute<Native>,
  call: NodeCall<Native>,
  outcome: Outcome,
): void {
  const { req, res } = call;
  markFilling(req, engine);
  if (req.socket.destroyed) {
    // Its disconnect would not be noticed any more.
    decided.abandon("aborted");
    return outcome.proceed();
  }
  const restoreHeaders = overrideHeaders(req, decided);
  try {
    if (call.prepare === undefined) showNarrowed(call, decided);
    else call.prepare(decided, (error) => tap.fail(error));
  } catch (error) {
    // The application's own query parser has thrown.
    decided.abandon("failed", error);
    throw error;
  }
  // The tap comes last: what it puts on the response is taken away first, and V8 makes no dictionary of that.
  const tap = new ResponseTap(res, decided, (error) => outcome.fail(error), restoreHeaders, call.earlier?.());
  outcome.proceed(tap);
}

function showNarrowed<Native>({ req, res }: NodeCall<Native>, run: Fill): void {
  if (run.target !== undefined) restoreAtEnd(res, narrowUrl(req, run));
}
