// Reads a JSON Web Token for people. It decodes and never judges: the signature is the business of who receives it.

import { element } from "./dom.js";
import { distance, readable } from "./times.js";

const MEANINGS = {
  alg: "signature algorithm (header)",
  kid: "which public key (header)",
  typ: "kind of token (header)",
  iss: "who issued it",
  sub: "the user",
  aud: "whom it is meant for",
  iat: "issued",
  nbf: "not valid before",
  exp: "expires",
  jti: "this token’s own id",
  sid: "the session",
  email: "e-mail of the user",
  isVerified: "the phone is proven",
  amr: "how the user proved to be themselves",
  auth_time: "when they did",
};
const TIMES = new Set(["iat", "nbf", "exp", "auth_time"]);
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Rows (claim, value, meaning) for header and claims, or one row that says that the token is opaque. */
export function claimRows(token) {
  try {
    const [header, claims] = token.split(".", 2).map(decode);
    return Object.entries({ ...header, ...claims }).map(([name, value]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, element("code", {}, name)),
        element("td", {}, TIMES.has(name) ? time(new Date(value * 1000), value) : shown(value)),
        element("td", { class: "muted" }, MEANINGS[name]),
      ),
    );
  } catch {
    return [element("tr", {}, element("td", { colspan: 3 }, "This token is not a JSON Web Token."))];
  }
}

/** A JSON object as a table of names and values, times made readable. */
export function answerTable(answer) {
  const rows = Object.entries(answer).map(([name, value]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, element("code", {}, name)),
      element("td", {}, ISO_TIME.test(value) ? time(new Date(value), value) : shown(value)),
    ),
  );
  return element("table", {}, element("tbody", {}, rows));
}

function time(date, raw) {
  return [element("code", {}, raw), element("span", { class: "when" }, `${readable(date)} (${distance(date)})`)];
}

const shown = (value) => element("code", {}, typeof value === "string" ? value : JSON.stringify(value));

function decode(part) {
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
