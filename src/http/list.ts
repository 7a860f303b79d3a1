/**
 * Returns the members of a comma-separated list field, trimmed, without the empty ones (RFC 9110 §5.6.1).
 * A comma inside a quoted-string does not separate members.
 */
export function parseList(value: string): string[] {
  const members: string[] = [];
  let start = 0;
  let canOpenQuote = true;
  for (let at = 0; at < value.length; at += 1) {
    const char = value[at];
    if (char === ",") {
      pushMember(members, value.slice(start, at));
      start = at + 1;
      canOpenQuote = true;
    } else if (char === '"' && canOpenQuote) {
      at = closingQuote(value, at);
      canOpenQuote = false;
    } else if (!isOws(char)) {
      // A quote inside a word does not open a string: `public", no-store, "` must not hide a member.
      canOpenQuote = char === "=";
    }
  }
  pushMember(members, value.slice(start));
  return members;
}

/**
 * Returns the index of the quote that ends the quoted-string opened at `opening`, or `opening` itself if it is unclosed.
 * Backslash escapes are obeyed (RFC 9110 §5.6.4).
 */
export function closingQuote(text: string, opening: number): number {
  for (let at = opening + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at;
    if (text[at] === "\\") at += 1;
  }
  return opening;
}

/** Returns `text` without spaces and tabs around it (RFC 9110 §5.6.3). `trim()` would remove more. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text[start])) start += 1;
  while (end > start && isOws(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/** Returns `text` without spaces around it, as structured fields are parsed (RFC 9651 §4.2). */
export function trimSpaces(text: string): string {
  // No regular expression: `/ +$/` is quadratic in a run of spaces before another character (hazard 32).
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === " ") start += 1;
  while (end > start && text[end - 1] === " ") end -= 1;
  return text.slice(start, end);
}

/** Returns whether `char` is SP or HTAB (RFC 9110 §5.6.3). */
export function isOws(char: string | undefined): boolean {
  return char === " " || char === "\t";
}

function pushMember(members: string[], text: string): void {
  const member = trimOws(text);
  if (member !== "") members.push(member);
}
