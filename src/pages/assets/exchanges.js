// The log of HTTP exchanges. It masks what is secret before it shows anything and keeps no copy of it.

import { byId, element } from "./dom.js";

/** Exchanges kept on the page; the oldest go first. */
const MOST = 40;

const MASKED = new Set(["password", "otpCode", "currentPassword", "newPassword"]);
const SHORTENED = new Set(["token", "refreshToken", "loginTicket", "resetTicket", "deviceToken"]);
const TOLD_HEADERS = ["content-type", "retry-after", "www-authenticate", "x-request-id"];

/** Shows one exchange on top of the list, opened, and closes the one before. */
export function record(exchange) {
  const list = byId("exchanges");
  list.querySelector("details[open]")?.removeAttribute("open");
  list.prepend(element("li", {}, entry(exchange)));
  while (list.children.length > MOST) list.lastElementChild.remove();
  byId("wire-empty").hidden = true;
  byId("wire-clear").hidden = false;
}

/** Empties the log. */
export function clearExchanges() {
  byId("exchanges").replaceChildren();
  byId("wire-empty").hidden = false;
  byId("wire-clear").hidden = true;
}

/** The beginning of a secret, enough to tell two of them apart. */
export const shortened = (secret) => `${secret.slice(0, 8)}… (${secret.length} characters)`;

function entry({ method, path, headers, body, started, response, answer, failure }) {
  const milliseconds = Math.round(performance.now() - started);
  const good = response?.ok ?? false;
  return element(
    "details",
    { open: true },
    element(
      "summary",
      {},
      element("span", { class: "method" }, method),
      element("code", { class: "path" }, path),
      element("span", { class: good ? "badge good" : "badge bad" }, response ? response.status : "no answer"),
      element("span", { class: "hint" }, `${milliseconds} ms`),
    ),
    element("h3", {}, "Request"),
    element("pre", {}, requestText(headers, body)),
    element("h3", {}, "Answer"),
    element("pre", {}, response ? answerText(response, answer) : failure),
  );
}

function requestText(headers, body) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${veilHeader(name, value)}`);
  return withBody(lines, body && JSON.stringify(body, veil, 2));
}

function veilHeader(name, value) {
  if (name === "authorization") return `Bearer ${shortened(value.slice("Bearer ".length))}`;
  return name === "challenge-response" ? shortened(value) : value;
}

function answerText(response, answer) {
  const lines = TOLD_HEADERS.filter((name) => response.headers.has(name)).map(
    (name) => `${name}: ${response.headers.get(name)}`,
  );
  const text = typeof answer === "string" ? answer.slice(0, 2000) : JSON.stringify(answer, veil, 2);
  return withBody(lines, text);
}

const withBody = (lines, body) => lines.join("\n") + (body ? `\n\n${body}` : "");

function veil(key, value) {
  if (typeof value !== "string") return value;
  if (MASKED.has(key)) return "••••••";
  return SHORTENED.has(key) ? shortened(value) : value;
}
