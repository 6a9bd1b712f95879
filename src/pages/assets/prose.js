// The part of CommonMark that API descriptions use: paragraphs, lists, `code`, **strong** and links.
// Everything else is shown as it was written.

import { element } from "./dom.js";

const ITEM = /^[-*] /;
const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)/g;
/** Links may lead to the web or stay on this server; a `javascript:` address stays text. */
const SAFE_LINK = /^(https?:\/\/|\/(?!\/)|#)/;

/** Paragraphs and lists of a description. */
export function prose(text) {
  if (!text) return [];
  return text
    .trim()
    .split(/\n\s*\n/)
    .map(block);
}

function block(text) {
  const lines = text.split("\n").map((line) => line.trim());
  // A list begins with its first item; lines that are no item carry the one above on.
  if (!ITEM.test(lines[0])) return element("p", {}, inline(lines.join(" ")));
  const items = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.slice(2));
    else items.push(`${items.pop()} ${line}`);
  }
  return element(
    "ul",
    {},
    items.map((item) => element("li", {}, inline(item))),
  );
}

/** One run of text with `code`, **strong** and links made into elements. */
export function inline(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, label, target] = match;
    parts.push(text.slice(from, match.index));
    if (code) parts.push(element("code", {}, code));
    else if (strong) parts.push(element("strong", {}, strong));
    else parts.push(SAFE_LINK.test(target) ? element("a", { href: target }, label) : whole);
    from = match.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts;
}
