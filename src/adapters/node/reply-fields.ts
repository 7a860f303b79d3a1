import type { ServerResponse } from "node:http";
import { mergeVary, subtractFields, toFields } from "../../adapter.ts";
import type { Fields, FieldValue } from "../../adapter.ts";

/**
 * Says a reply's fields on a Node response, beside those that others set there: `Vary` is merged, `Set-Cookie` lines
 * are appended, all else replaces.
 */
export function sayFields(res: ServerResponse, fields: Fields): void {
  for (const [name, value] of fields) {
    const said = SAID_BESIDE.has(name) ? beside(res.getHeader(name), name, value) : value;
    res.setHeader(name, said);
  }
}

/**
 * Takes back what a handler said (`own`, of all that is set on the response) and says a reply's fields in its place:
 * what others set before the handler ran stays as it was.
 */
export function replaceFields(res: ServerResponse, own: Fields, fields: Fields): void {
  const others = new Map(subtractFields(fieldsOf(res), own));
  // Removing `Date` also forbids Node to say one of its own.
  const { sendDate } = res;
  for (const [name] of own) {
    const earlier = others.get(name);
    if (earlier === undefined) res.removeHeader(name);
    else res.setHeader(name, earlier);
  }
  res.sendDate = sendDate;
  sayFields(res, fields);
}

/** The fields that are set on a response now. */
export function fieldsOf(res: ServerResponse): Fields {
  return toFields(res.getHeaders());
}

/** The `Set-Cookie` lines that are set on a response now. */
export function cookiesOf(res: ServerResponse): readonly string[] {
  const cookies = res.getHeader("set-cookie");
  return cookies === undefined ? [] : lines(cookies);
}

/** The content security policies with a nonce that are set on a response now. */
export function noncePoliciesOf(res: ServerResponse): readonly string[] {
  return ["content-security-policy", "content-security-policy-report-only"].flatMap((name) => {
    const policy = res.getHeader(name);
    return policy === undefined ? [] : lines(policy).filter((line) => /'nonce-/i.test(line));
  });
}

/** A reply's fields without a length that its handler (`own`) did not say: whoever adds to the content need not know it. */
export function asSized(fields: Fields, own: Fields): Fields {
  if (own.some(([name]) => name === "content-length")) return fields;
  return fields.filter(([name]) => name !== "content-length");
}

/** Whether the handler chose a framing, which cannot be that of another message. */
export function isFramed(res: ServerResponse): boolean {
  return res.hasHeader("transfer-encoding") || res.hasHeader("trailer");
}

/** Fields whose earlier lines stay. */
const SAID_BESIDE: ReadonlySet<string> = new Set(["set-cookie", "vary"]);

function beside(
  present: number | string | readonly string[] | undefined,
  name: string,
  value: FieldValue,
): FieldValue {
  if (present === undefined) return value;
  return name === "vary" ? mergeVary(lines(present), lines(value)) : [...lines(present), ...lines(value)];
}

function lines(value: number | FieldValue): readonly string[] {
  return typeof value === "object" ? value : [String(value)];
}
