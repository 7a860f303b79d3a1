import type { ServerResponse } from "node:http";
import { mergeVary, toFields } from "../../adapter.ts";
import type { Fields, FieldValue, Making, Reply } from "../../adapter.ts";

/**
 * Says a reply's fields on a Node response, beside those that others set there: `Vary` is merged, `Set-Cookie` lines
 * are appended, all else replaces. What the handler took away of theirs is taken away, to what it added is added.
 */
export function setFields(res: ServerResponse, fields: Fields, making?: Making): void {
  for (const name of making?.removed ?? []) remove(res, name);
  for (const [name, value] of fields) say(res, name, value, making);
}

/**
 * Turns what a handler said on a response (`own`, beside what was there `earlier`) into what a reply says. What is the
 * same is left alone: middleware in front may have made something else of it.
 */
export function replaceFields(
  res: ServerResponse,
  { own, earlier }: { readonly own: Fields; readonly earlier: Fields },
  { fields, making }: Pick<Reply, "fields" | "making">,
): void {
  for (const name of making?.removed ?? []) if (fieldIn(own, name) === undefined) remove(res, name);
  for (const [name] of own) if (fieldIn(fields, name) === undefined) restore(res, name, earlier);
  for (const [name, value] of fields) {
    const said = fieldIn(own, name);
    if (said !== undefined && isSame(said, value)) continue;
    if (said !== undefined) restore(res, name, making?.removed?.includes(name) === true ? [] : earlier);
    say(res, name, value, making);
  }
}

function say(res: ServerResponse, name: string, value: FieldValue, making: Making | undefined): void {
  const isBeside = SAID_BESIDE.has(name) || making?.added?.includes(name) === true;
  res.setHeader(name, isBeside ? beside(res.getHeader(name), name, value) : value);
}

function restore(res: ServerResponse, name: string, earlier: Fields): void {
  const value = fieldIn(earlier, name);
  if (value === undefined) remove(res, name);
  else res.setHeader(name, value);
}

function remove(res: ServerResponse, name: string): void {
  // Removing `Date` also forbids Node to say one of its own.
  const { sendDate } = res;
  res.removeHeader(name);
  res.sendDate = sendDate;
}

function fieldIn(fields: Fields, name: string): FieldValue | undefined {
  return fields.find(([known]) => known === name)?.[1];
}

function isSame(left: FieldValue, right: FieldValue): boolean {
  if (left === right) return true;
  const [lefts, rights] = [lines(left), lines(right)];
  return lefts.length === rights.length && lefts.every((line, index) => line === rights[index]);
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
