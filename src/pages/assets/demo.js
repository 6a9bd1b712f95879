// The walk: register, log in (or set a forgotten password anew), enter the code, read the token, go to the account.
// Tickets and tokens stay in memory, are never written to storage or to the address, and go when the page goes. All
// but the device token: it opens nothing without a password, and is to outlast the page.

import { onLeaving, readAccount } from "./account.js";
import { announce, byId, copyButton } from "./dom.js";
import { call } from "./api.js";
import { clearExchanges, shortened } from "./exchanges.js";
import { digits, nameFields, onClick, onSubmit } from "./forms.js";
import { clearProblem, problemText, showProblem } from "./problem.js";
import { claimRows } from "./token.js";
import { accessToken, forgetTokens, keepTokens, watchTokens } from "./tokens.js";
import { clockTime, countdown, distance, serverNow, span } from "./times.js";

const ORDER = ["register", "login", "code", "token", "account"];
/** Panels beside the walk, and the step that they belong to. */
const ASIDE = { forgot: "login", reset: "login" };
const CHANNELS = { sms: "by text message", call: "by phone call" };
/** Refusals that only another login can mend. */
const LOGIN_LOST = new Set(["login_ticket_invalid", "login_required"]);
/** Refusals that say when the next code may be asked for. */
const RESEND_REFUSED = new Set(["otp_cooldown", "otp_limit_reached", "rate_limited", "provider_unavailable"]);

const DEVICE = "ringfence.device";

const memory = { ticket: null, resetTicket: null };
let stopResendWait = () => {};
let stopCodeLife = () => {};

// -- Steps --

function mark(step) {
  const now = ORDER.indexOf(ASIDE[step] ?? step);
  for (const item of byId("steps").children) {
    const place = ORDER.indexOf(item.dataset.step);
    item.classList.toggle("done", place < now);
    if (place === now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

function show(panel, said = "") {
  mark(panel);
  for (const name of [...ORDER, ...Object.keys(ASIDE)]) byId(name).hidden = name !== panel;
  const empty = [...byId(panel).querySelectorAll("input:not([type=radio])")].find((input) => !input.value);
  (empty ?? byId(`${panel}-title`)).focus();
  const title = byId(`${panel}-title`).textContent;
  const step = ORDER.indexOf(ASIDE[panel] ?? panel) + 1;
  announce(`Step ${step} of ${ORDER.length}: ${title}. ${said}`);
}

// -- Register and log in --

onSubmit("register-form", async ({ email, password, phoneNumber }, form) => {
  const { answer, problem } = await call("POST", "/auth/register", { body: { email, password, phoneNumber } });
  if (problem) return problem;
  form.reset();
  byId("login-name").value = email.trim();
  const said = `${answer.message} Now log in, as a returning user does.`;
  sayAtLogin(said);
});

onSubmit("login-form", async ({ name, password }, form) => {
  const { answer, problem } = await call("POST", "/auth/login", { body: { ...nameFields(name), password, ...device() } });
  if (problem) return problem;
  form.reset();
  byId("said").hidden = true;
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
  const body = { loginTicket: memory.ticket, otpCode: digits(otpCode), ...device() };
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

// -- A forgotten password --

onSubmit("forgot-form", async ({ name }, form) => {
  const { answer, problem } = await call("POST", "/auth/password/forgot", { body: nameFields(name) });
  if (problem) return problem;
  form.reset();
  memory.resetTicket = answer.resetTicket;
  byId("reset-sent").textContent = answer.message;
  show("reset", answer.message);
});

onSubmit("reset-form", async ({ otpCode, newPassword }, form) => {
  const body = { resetTicket: memory.resetTicket, otpCode: digits(otpCode), newPassword };
  const { problem } = await call("POST", "/auth/password/reset", { body });
  if (problem) return problem;
  form.reset();
  memory.resetTicket = null;
  sayAtLogin("The new password is set, and every session has ended. Log in with it.");
});

// -- Signed in --

/** By what this browser is known, once a right code was entered in it. */
function device() {
  const deviceToken = localStorage.getItem(DEVICE);
  return deviceToken ? { deviceToken } : {};
}

function signIn(answer) {
  if (answer.deviceToken) localStorage.setItem(DEVICE, answer.deviceToken);
  memory.ticket = null;
  stopCodeLife();
  stopResendWait();
  byId("code-form").reset();
  keepTokens(answer);
  show("token", `The token expires ${distance(serverNow() + answer.expiresIn * 1000)}.`);
}

watchTokens({
  changed({ token, expires }) {
    byId("token-text").textContent = shortened(token);
    byId("token-copy").replaceChildren(copyButton("Copy", accessToken, byId("token-text")));
    byId("claims").tBodies[0].replaceChildren(...claimRows(token));
    byId("token-life").textContent = `The access token is good until ${clockTime(new Date(expires))}.`;
  },
  lost(problem) {
    forgetTokens();
    show("login");
    showProblem(byId("login-form"), problem);
  },
});

onLeaving((said) => {
  byId("token-text").replaceChildren();
  byId("token-copy").replaceChildren();
  byId("claims").tBodies[0].replaceChildren();
  sayAtLogin(said);
});

function sayAtLogin(said) {
  byId("said").textContent = said;
  byId("said").hidden = false;
  show("login", said);
}

// -- Buttons that are no submit --

for (const button of document.querySelectorAll("[data-goes-to]")) {
  button.addEventListener("click", () => show(button.dataset.goesTo));
}

onClick("use", async () => {
  await readAccount();
  show("account");
});

onClick("read-token", () => show("token"));

onClick("wire-clear", () => {
  clearExchanges();
  byId("wire-title").focus();
});
