// Puts a problem document (RFC 9457) into a form: each complaint beside its field, the rest in a box above.

import { announce, element } from "./dom.js";
import { countdown, distance, readable, serverNow, span } from "./times.js";

/** Shows a problem in a form and takes the focus to where it can be mended. */
export function showProblem(form, problem) {
  clearProblem(form);
  const homeless = (problem.errors ?? []).filter((error) => !showBesideField(form, error));
  const said = problem.detail ?? problem.title;
  const box = form.querySelector(".problem");
  box.replaceChildren(problemText(problem, homeless));
  box.hidden = false;
  const invalid = form.querySelector("[aria-invalid]");
  (invalid ?? box).focus();
  announce(problem.attemptsLeft === undefined ? said : `${said} Attempts left: ${problem.attemptsLeft}.`);
}

/** Takes every complaint away. */
export function clearProblem(form) {
  const box = form.querySelector(".problem");
  box.replaceChildren();
  box.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    const line = errorLine(input);
    line.textContent = "";
    line.hidden = true;
  }
}

/** The problem in words, with whatever facts came along, for a place that is not a form. */
export function problemText(problem, complaints = problem.errors ?? []) {
  const list = complaints.map((error) => element("li", {}, `${error.field}: ${error.message}`));
  return element(
    "div",
    {},
    element("p", { class: "detail" }, problem.detail ?? problem.title),
    list.length > 0 && element("ul", {}, list),
    facts(problem),
  );
}

function showBesideField(form, { field, message }) {
  const input = [...form.querySelectorAll("input:not([type=radio])")].find((input) =>
    (input.dataset.fields ?? input.name).split(" ").includes(field),
  );
  if (!input) return false;
  const line = errorLine(input);
  line.textContent = line.textContent ? `${line.textContent} ${message}` : message;
  line.hidden = false;
  input.setAttribute("aria-invalid", "true");
  return true;
}

const errorLine = (input) => input.closest(".field").querySelector(".error");

function facts(problem) {
  const { code, foundHere, attemptsLeft, retryAfter, limit, scope, codeExpiresAt, requestId } = problem;
  const expires = codeExpiresAt && new Date(codeExpiresAt);
  const rows = [
    ["Error code", foundHere ? element("code", {}, code) : documented(code)],
    ["Attempts left", attemptsLeft],
    ["Try again in", retryAfter > 0 ? waiting(retryAfter) : undefined],
    ["Limit", limit],
    ["Counted for", scope],
    ["Code expires", expires && `${readable(expires)} (${distance(expires)})`],
    ["Request id", requestId && element("code", {}, requestId)],
  ].filter(([, value]) => value !== undefined && value !== null);
  return element(
    "dl",
    { class: "facts" },
    rows.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

const documented = (code) => element("a", { href: `/docs#error-${code}` }, element("code", {}, code));

function waiting(seconds) {
  const node = element("span");
  const tick = (left) => {
    node.textContent = left > 0 ? span(left) : "now";
  };
  countdown(serverNow() + seconds * 1000, tick, node);
  return node;
}
