// "My account": the profile, the sessions, a new phone number, a new password, the end. Everything is asked of the
// API again after it was changed, so that what is shown is what is so.

import { announce, byId, element } from "./dom.js";
import { digits, onClick, onSubmit, whileBusy } from "./forms.js";
import { clearProblem, problemText, showProblem } from "./problem.js";
import { answerTable } from "./token.js";
import { callSignedIn, forgetTokens, renewTokens } from "./tokens.js";
import { distance, readable } from "./times.js";

let leave = () => {};

/** Says what is to happen when the person is signed out; `leave(said)` goes back to the beginning. */
export function onLeaving(work) {
  leave = work;
}

/** Reads everything that the panel shows. */
export async function readAccount() {
  await readProfile();
  await readSessions();
}

async function readProfile() {
  const { answer, problem } = await callSignedIn("GET", "/profile");
  tell("profile-answer", problem ? problemText(problem) : answerTable(answer), problem);
  if (!answer) return;
  const form = byId("profile-form");
  form.elements.displayName.value = answer.displayName ?? "";
  form.elements.locale.value = answer.locale ?? "";
}

async function readSessions() {
  const { answer, problem } = await callSignedIn("GET", "/auth/sessions");
  const list = answer && element("ul", { class: "sessions" }, answer.sessions.map(sessionItem));
  tell("sessions-list", problem ? problemText(problem) : list, problem);
  byId("end-others").hidden = !(answer?.sessions.length > 1);
}

function tell(id, content, problem) {
  const box = byId(id);
  box.classList.toggle("problem", Boolean(problem));
  box.replaceChildren(content);
}

function sessionItem({ id, device, place, createdAt, lastSeenAt, current }) {
  const end = element("button", { type: "button", class: "quiet" }, "End");
  end.addEventListener("click", () => whileBusy(end, () => endSession(id)));
  return element(
    "li",
    {},
    element(
      "div",
      {},
      element("strong", {}, device ?? "Unknown device"),
      current && element("span", { class: "badge good" }, "this one"),
      element(
        "p",
        { class: "hint" },
        [place, `since ${readable(new Date(createdAt))}`, lastSeenAt && `last seen ${distance(new Date(lastSeenAt))}`]
          .filter(Boolean)
          .join(", "),
      ),
    ),
    current ? null : end,
  );
}

async function endSession(id) {
  const { problem } = await callSignedIn("DELETE", `/auth/sessions/${id}`);
  await readSessions();
  announce(problem ? (problem.detail ?? problem.title) : "The session was ended.");
}

function done(form, said) {
  form.reset();
  const line = form.querySelector(".done");
  line.textContent = said;
  line.hidden = false;
  announce(said);
}

function beginAgain(form) {
  form.querySelector(".done").hidden = true;
}

// -- Profile --

onSubmit("profile-form", async ({ displayName, locale }, form) => {
  beginAgain(form);
  const body = { displayName: displayName.trim() || null, locale: locale || null };
  const { problem } = await callSignedIn("PATCH", "/profile", body);
  if (problem) return problem;
  done(form, "Saved.");
  await readProfile();
});

onClick("export", async () => {
  const { answer, problem } = await callSignedIn("GET", "/profile/export");
  if (problem) return announce(problem.detail ?? problem.title);
  const file = new Blob([JSON.stringify(answer, null, 2)], { type: "application/json" });
  const link = element("a", { href: URL.createObjectURL(file), download: "ringfence-export.json" });
  link.click();
  URL.revokeObjectURL(link.href);
  announce("Everything that is stored about you was downloaded.");
});

// -- Sessions --

onClick("end-others", async () => {
  const { problem } = await callSignedIn("POST", "/auth/logout", { scope: "others" });
  await readSessions();
  announce(problem ? (problem.detail ?? problem.title) : "All other sessions were ended.");
});

onClick("renew", async () => {
  const { problem } = await renewTokens();
  announce(problem ? (problem.detail ?? problem.title) : "Both tokens are new; the old refresh token is used up.");
});

onClick("log-out", async () => {
  const { problem } = await callSignedIn("POST", "/auth/logout", { scope: "current" });
  if (problem) return announce(problem.detail ?? problem.title);
  signOut("You are logged out: the session has ended, and its tokens are good for nothing.");
});

function signOut(said) {
  forgetTokens();
  for (const id of ["profile-answer", "sessions-list"]) byId(id).replaceChildren();
  for (const form of document.querySelectorAll("#account form")) {
    form.reset();
    clearProblem(form);
    beginAgain(form);
  }
  byId("phone-confirm-form").hidden = true;
  leave(said);
}

// -- Phone number --

onSubmit("phone-form", async ({ phoneNumber, password }, form) => {
  beginAgain(form);
  const { answer, problem } = await callSignedIn("POST", "/profile/phone", { phoneNumber, password });
  if (problem) return problem;
  done(form, answer.message);
  byId("phone-confirm-form").hidden = false;
  byId("phone-code").focus();
});

onSubmit("phone-confirm-form", async ({ otpCode }, form) => {
  const { answer, problem } = await callSignedIn("POST", "/profile/phone/confirm", { otpCode: digits(otpCode) });
  if (problem) {
    showProblem(form, problem);
    form.elements.otpCode.select();
    return;
  }
  form.reset();
  form.hidden = true;
  done(byId("phone-form"), answer.message ?? "Your number was changed.");
  await readAccount();
});

// -- Password and the end --

onSubmit("password-form", async ({ currentPassword, newPassword }, form) => {
  beginAgain(form);
  const { problem } = await callSignedIn("POST", "/auth/password/change", { currentPassword, newPassword });
  if (problem) return problem;
  done(form, "Changed. All other sessions were ended.");
  await readSessions();
});

onSubmit("delete-form", async ({ password }) => {
  const { answer, problem } = await callSignedIn("DELETE", "/profile", { password });
  if (problem) return problem;
  signOut(`Your account will be erased ${distance(new Date(answer.erasedAt))}. Log in before then to keep it.`);
});
