import { isNotModified, notModifiedFields } from "../../http/conditional.ts";
import { combined, fieldOf } from "../../http/fields.ts";
import type { Fields } from "../../http/fields.ts";
import type { Flowing } from "../flight/flights.ts";
import type { Reading } from "../contract/decisions.ts";
import { asksForRepresentation, hasContent, selectionOf } from "../reply/representation.ts";
import type { Decision, RequestRecord } from "../contract/request-and-policy.ts";

/**
 * Answers a request with a response whose content is still on its way: `added` says so.
 *
 * A client that has the response already is told so at once (RFC 9110 §13.2.1). A range is not cut from what is not
 * whole: the whole is a right answer as well (RFC 9110 §14.2).
 */
export function followOf(
  request: RequestRecord,
  { head, length }: Flowing,
  content: Reading,
  added: Fields,
): Decision {
  const { status, fields, storedAt, making } = head;
  const outcome = "collapsed";
  const said = fields.filter(([name]) => fieldOf(added, name) === undefined);
  const validators = {
    etag: combined(fieldOf(fields, "etag")),
    lastModified: combined(fieldOf(fields, "last-modified")),
    date: storedAt,
  };
  if (
    status === 200 &&
    asksForRepresentation(request.method) &&
    isNotModified(selectionOf(request), validators)
  ) {
    void content.return?.();
    const reply = { status: 304, fields: [...notModifiedFields(fields), ...added], body: undefined, making };
    return { kind: "serve", outcome, reply };
  }
  const sized: Fields = length === undefined ? [] : [["content-length", length]];
  const all: Fields = [...said, ...sized, ...added];
  if (request.method === "HEAD" || !hasContent(status)) {
    void content.return?.();
    return { kind: "serve", outcome, reply: { status, fields: all, body: undefined, making } };
  }
  return { kind: "follow", outcome, status, fields: all, making, content, isCut: () => content.isCut() };
}
