// The walk: register, log in, enter the code, read the token, see the profile. Ticket and token stay in `memory`,
// are never written to storage or to the address, and go when the page goes.

import { announce, byId, copyButton } from "./dom.js";
import { call } from "./api.js";
import { clearExchanges, shortened } from "./exchanges.js";
import { clearProblem, problemText, showProblem } from "./problem.js";
import { answerTable, claimRows } from "./token.js";
import { clockTime, countdown, distance, serverNow, span } from "./times.js";

const ORDER = ["register", "login", "code", "token", "profile"];
const CHANNELS = { sms: "by text message", call: "by phone call" };
/** Refusals that only another login can mend. */
const LOGIN_LOST = new Set(["login_ticket_invalid", "login_required"]);
/** Refusals that say when the next code may be asked for. */
const RESEND_REFUSED = new Set(["otp_cooldown", "otp_limit_reached", "rate_limited", "provider_unavailable"]);

const memory = { ticket: null, token: null };
let stopResendWait = () => {};
let stopCodeLife = () => {};

// -- Steps --

function mark(step) {
  const now = ORDER.indexOf(step);
  for (const item of byId("steps").children) {
    const place = ORDER.indexOf(item.dataset.step);
    item.classList.toggle("done", place < now);
    if (place === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

function show(panel, said = "") {
  mark(panel);
  // The token stays in sight while it is used.
  for (const name of ORDER) byId(name).hidden = name !== panel && !(name === "token" && panel === "profile");
  const empty = [...byId(panel).querySelectorAll("input:not([type=radio])")].find((input) => !input.value);
  (empty ?? byId(`${panel}-title`)).focus();
  const title = byId(`${panel}-title`).textContent;
  announce(`Step ${ORDER.indexOf(panel) + 1} of ${ORDER.length}: ${title}. ${said}`);
}

/** Runs `work` on submit, one at a time; what it returns is a problem to show, or nothing. */
function onSubmit(formId, work) {
  const form = byId(formId);
  const button = form.querySelector("button:not([type])");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(button, async () => {
      clearProblem(form);
      const problem = await work(Object.fromEntries(new FormData(form)), form);
      if (problem) showProblem(form, problem);
    });
  });
}

function onClick(id, work) {
  byId(id).addEventListener("click", () => whileBusy(byId(id), work));
}

/** A busy button keeps the focus (a disabled one would lose it) and starts nothing more. */
async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// -- Register and log in --

onSubmit("register-form", async ({ email, password, phoneNumber }, form) => {
  const { answer, problem } = await call("POST", "/auth/register", { body: { email, password, phoneNumber } });
  if (problem) return problem;
  form.reset();
  byId("login-name").value = email.trim();
  const said = `${answer.message} Now log in, as a returning user does.`;
  byId("registered").textContent = said;
  byId("registered").hidden = false;
  show("login", said);
});

onSubmit("login-form", async ({ name, password }, form) => {
  const who = name.includes("@") ? { email: name } : { phoneNumber: name };
  const { answer, problem } = await call("POST", "/auth/login", { body: { ...who, password } });
  if (problem) return problem;
  form.reset();
  byId("registered").hidden = true;
  if (!answer.requiresOtp) return signIn(answer);
  memory.ticket = answer.loginTicket;
  for (const id of ["code-form", "resend-form"]) {
    byId(id).reset();
    clearProblem(byId(id));
  }
  tellSending(answer);
  show("code", byId("code-sent").textContent);
});

// -- The code --

onSubmit("code-form", async ({ otpCode }, form) => {
  const body = { loginTicket: memory.ticket, otpCode: otpCode.replaceAll(/[\s-]/g, "") };
  const { answer, problem } = await call("POST", "/auth/verify-otp", { body });
  if (!problem) return signIn(answer);
  if (LOGIN_LOST.has(problem.code)) return backToLogin(problem);
  if (problem.code === "otp_new_code_required") {
    stopCodeLife();
    byId("code-life").textContent = "";
    waitToResend(problem.retryAfter ?? 0);
    return problem;
  }
  showProblem(form, problem);
  form.elements.otpCode.select();
});

onSubmit("resend-form", async ({ channel }) => {
  const { answer, problem } = await call("POST", "/auth/request-otp", {
    body: { loginTicket: memory.ticket, channel },
  });
  if (problem) {
    if (LOGIN_LOST.has(problem.code)) return backToLogin(problem);
    if (RESEND_REFUSED.has(problem.code)) waitToResend(problem.retryAfter ?? 0);
    return problem;
  }
  clearProblem(byId("code-form"));
  byId("code-form").reset();
  tellSending(answer);
  byId("code-input").focus();
  announce(byId("code-sent").textContent);
});

/** Says where the code went, how long it lives, and when another can be had. */
function tellSending({ channel, destination, expiresAt, resendAfter, otpError }) {
  const unsent = byId("code-unsent");
  unsent.hidden = !otpError;
  unsent.replaceChildren(...(otpError ? [problemText({ title: "The code could not be sent.", ...otpError })] : []));
  byId("code-sent").hidden = Boolean(otpError);
  byId("code-sent").textContent = `A code went to ${destination} ${CHANNELS[channel] ?? ""}.`;
  stopCodeLife();
  byId("code-life").textContent = "";
  if (expiresAt && !otpError) countCodeLife(new Date(expiresAt));
  const wait = otpError?.retryAfter ?? (resendAfter ? (Date.parse(resendAfter) - serverNow()) / 1000 : 0);
  waitToResend(wait);
}

function countCodeLife(expires) {
  stopCodeLife = countdown(expires.getTime(), (left) => {
    byId("code-life").textContent =
      left > 0 ? `Good until ${clockTime(expires)} (${span(left)} left).` : "This code has expired. Ask for another.";
  });
}

function waitToResend(seconds) {
  stopResendWait();
  stopResendWait = countdown(serverNow() + seconds * 1000, (left) => {
    byId("resend").disabled = left > 0;
    byId("resend-wait").textContent = left > 0 ? `Possible in ${span(left)}` : "";
  });
}

function backToLogin(problem) {
  memory.ticket = null;
  show("login");
  showProblem(byId("login-form"), problem);
}

// -- Signed in --

function signIn({ token, expiresIn }) {
  memory.ticket = null;
  memory.token = token;
  stopCodeLife();
  stopResendWait();
  byId("code-form").reset();
  byId("token-text").textContent = shortened(token);
  byId("token-copy").replaceChildren(copyButton("Copy", () => memory.token, byId("token-text")));
  byId("claims").tBodies[0].replaceChildren(...claimRows(token));
  byId("token-use").hidden = false;
  show("token", `The token expires ${distance(serverNow() + expiresIn * 1000)}.`);
}

async function askWithToken() {
  tellAnswer("profile-answer", await call("GET", "/profile", { token: memory.token }));
  tellAnswer("session-answer", await call("GET", "/auth/session", { token: memory.token }));
}

function tellAnswer(id, { answer, problem }) {
  const box = byId(id);
  box.classList.toggle("problem", Boolean(problem));
  box.replaceChildren(problem ? problemText(problem) : answerTable(answer));
}

// -- Buttons that are no submit --

for (const button of document.querySelectorAll("[data-goes-to]")) {
  button.addEventListener("click", () => show(button.dataset.goesTo));
}

for (const button of document.querySelectorAll("[data-shows]")) {
  const input = byId(button.dataset.shows);
  const set = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} password`);
  };
  button.addEventListener("click", () => set(input.type === "password"));
  input.form.addEventListener("reset", () => set(false));
}

onClick("use", async () => {
  await askWithToken();
  byId("token-use").hidden = true;
  show("profile");
});

onClick("ask-again", async () => {
  await askWithToken();
  announce("Profile and session were read again.");
});

onClick("forget", () => {
  memory.token = null;
  for (const id of ["token-text", "token-copy", "profile-answer", "session-answer"]) byId(id).replaceChildren();
  byId("claims").tBodies[0].replaceChildren();
  show("register", "The token is forgotten.");
});

onClick("wire-clear", () => {
  clearExchanges();
  byId("wire-title").focus();
});
