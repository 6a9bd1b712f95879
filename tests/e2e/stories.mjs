// What a person does on the pages of `ringfence dev`, told as stories. See `run` for how to start them.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BASE_URL, holds, story } from "./browser.mjs";

const PASSWORD = "seven quiet herons at dusk";
/** Seconds between two codes to one person, as the server has it. Who waits for a second code waits so long. */
const RESEND_SECONDS = Number(process.env.OTP_RESEND_SECONDS ?? 120);
const PATIENT = { skip: RESEND_SECONDS > 20 && "needs a server with OTP_RESEND_SECONDS=5, named here as well" };

before(async () => {
  const inbox = await fetch(`${BASE_URL}/dev/inbox/messages`, { signal: AbortSignal.timeout(10_000) }).catch(
    (failure) =>
      assert.fail(
        `${BASE_URL} does not answer (${failure.cause?.message ?? failure.message}): is ringfence dev running there?`,
      ),
  );
  assert.equal(
    inbox.status,
    200,
    "there is no inbox, so texts may really be sent: run this on the console provider only",
  );
});

/** An account that no run before had, with a number that is valid and that nobody is texted at. */
function newcomer() {
  const digits = (count) => String(randomInt(10 ** count)).padStart(count, "0");
  const area = ["212", "305", "312", "415", "512", "617", "702", "808"][randomInt(8)];
  return { email: `newcomer-${digits(10)}@example.com`, phone: `+1 ${area} 555 ${digits(4)}` };
}

async function register(page, { email, phone, password }) {
  const form = page.locator("#register");
  await page.goto("/");
  await form.getByLabel("E-mail", { exact: true }).fill(email);
  await form.getByLabel("Password", { exact: true }).fill(password);
  await form.getByLabel("Phone number", { exact: true }).fill(phone);
  await form.getByRole("button", { name: "Register", exact: true }).click();
}

async function logIn(page, password) {
  await page.locator("#login").getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

/** The newest code that went to `phone`, once there are so many. */
async function codeFor(context, phone, count = 1) {
  const inbox = await context.newPage();
  await inbox.goto("/dev/inbox");
  const messages = inbox
    .getByRole("listitem")
    .filter({ hasText: phone.replaceAll(" ", "") });
  await messages.nth(count - 1).waitFor();
  const code = await messages.first().locator(".code").innerText();
  await inbox.close();
  assert.match(code, /^\d{4,10}$/);
  return code;
}

async function answer(page, code) {
  await page.getByLabel("Code", { exact: true }).fill(code);
  await page.getByRole("button", { name: "Check the code" }).click();
}

/** Until another code may be sent to the same person. */
const anotherCodeMayBeSent = () => sleep(RESEND_SECONDS * 1000 + 500);

/** Walks a newcomer to their account. */
async function toTheAccount(page, context, person) {
  await register(page, { ...person, password: PASSWORD });
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await logIn(page, PASSWORD);
  await page.getByRole("heading", { name: "Enter the code" }).waitFor();
  await answer(page, await codeFor(context, person.phone));
  await page.getByRole("button", { name: "Go to your account with it" }).click();
  await holds(page.locator("#profile-answer"), person.email);
}

story("a newcomer registers, mistypes the code, then reads token and account", async (page, context) => {
  const person = newcomer();
  await register(page, { ...person, password: PASSWORD });
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  assert.equal(await page.getByLabel("E-mail or phone number", { exact: true }).inputValue(), person.email);

  await logIn(page, "not this one at all");
  await holds(page.locator("#login .problem"), "Invalid email or password.");
  await logIn(page, PASSWORD);
  await page.getByRole("heading", { name: "Enter the code" }).waitFor();
  await holds(page.locator("#code-sent"), person.phone.slice(-4));
  assert.ok(await page.getByRole("button", { name: "Send another code" }).isDisabled(), "a resend must wait");
  await holds(page.locator("#resend-wait"), "Possible in");

  const code = await codeFor(context, person.phone);
  const wrong = code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);
  await answer(page, wrong);
  await holds(page.locator("#code-form .problem"), "Invalid or expired OTP code.");
  await holds(page.locator("#code-form .problem"), "otp_invalid");
  await holds(page.locator("#code-form .problem"), "Attempts left");

  await answer(page, code);
  await page.getByRole("heading", { name: "You are signed in" }).waitFor();
  for (const claim of ["iss", "sub", "exp", "isVerified", "amr"]) {
    await page.getByRole("rowheader", { name: claim, exact: true }).waitFor();
  }
  await holds(page.locator("#claims"), person.email);

  await page.getByRole("button", { name: "Go to your account with it" }).click();
  await holds(page.locator("#profile-answer"), person.phone.replaceAll(" ", ""));
  await holds(page.locator("#sessions-list"), "this one");
  assert.equal(await page.locator("[aria-current=step]").innerText(), "Your account");

  const log = await page.locator("#exchanges").evaluate((list) => list.textContent);
  for (const call of ["/auth/register", "/auth/login", "/auth/verify-otp", "/profile", "/auth/sessions"]) {
    assert.ok(log.includes(`/api/v1${call}`), `the log does not show ${call}`);
  }
  for (const secret of [PASSWORD, code, wrong]) assert.ok(!log.includes(secret), "the log shows a secret");
  const kept = await page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage), document.cookie]);
  assert.deepEqual(kept, ["ringfence.device", ""], "the page keeps more than its device token outside its memory");
});

story("who is signed in takes a name, renews the tokens, ends another session and logs out", async (page, context) => {
  const person = newcomer();
  await toTheAccount(page, context, person);
  await page.getByLabel("Display name").fill("Ada");
  await page.getByRole("button", { name: "Save" }).click();
  await holds(page.locator("#profile-answer"), "Ada");

  const elsewhere = await context.newPage();
  await elsewhere.goto("/");
  await elsewhere.getByRole("button", { name: "I have an account" }).click();
  await elsewhere.getByLabel("E-mail or phone number", { exact: true }).fill(person.email);
  await logIn(elsewhere, PASSWORD);
  await elsewhere.getByRole("button", { name: "Go to your account with it" }).click();
  await holds(elsewhere.locator("#sessions-list"), "this one");
  assert.equal(await elsewhere.locator(".sessions li").count(), 2);
  await elsewhere.getByRole("button", { name: "End all others" }).click();
  await elsewhere.locator(".sessions li").nth(1).waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();

  const before = await elsewhere.locator("#token-life").innerText();
  assert.notEqual(before, "");
  await elsewhere.getByRole("button", { name: "Renew the tokens" }).click();
  await holds(elsewhere.locator("#live"), "Both tokens are new");
  await elsewhere.getByRole("button", { name: "Log out" }).click();
  await holds(elsewhere.locator("#said"), "You are logged out");
});

story("a person changes the phone number and the password, then leaves", async (page, context) => {
  const person = newcomer();
  await toTheAccount(page, context, person);
  const { phone } = newcomer();
  await anotherCodeMayBeSent();
  await page.getByLabel("New phone number").fill(phone);
  await page.getByLabel("Your password, for the phone").fill(PASSWORD);
  await page.getByRole("button", { name: "Send a code there" }).click();
  await page.getByLabel("Code from the new phone").fill(await codeFor(context, phone));
  await page.getByRole("button", { name: "Change the number" }).click();
  await holds(page.locator("#profile-answer"), phone.replaceAll(" ", ""));

  const password = "nine loud geese at dawn";
  await page.getByLabel("Present password").fill("not this one at all");
  await page.getByLabel("New password", { exact: true }).and(page.locator("#password-new")).fill(password);
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.locator("#password-form .problem").waitFor();
  await page.getByLabel("Present password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change the password" }).click();
  await holds(page.locator("#password-form .done"), "Changed.");

  await page.getByLabel("Your password, for the end").fill(password);
  await page.getByRole("button", { name: "Delete my account" }).click();
  await holds(page.locator("#said"), "will be erased");
}, PATIENT);

story("who has forgotten the password sets a new one by a code", async (page, context) => {
  const person = newcomer();
  await toTheAccount(page, context, person);
  await page.getByRole("button", { name: "Log out" }).click();
  await anotherCodeMayBeSent();
  await page.getByRole("button", { name: "I forgot my password" }).click();
  await page.getByLabel("Your e-mail or phone number").fill(person.email);
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByRole("heading", { name: "Set a new password" }).waitFor();
  const password = "nine loud geese at dawn";
  await page.getByLabel("Code from the text").fill(await codeFor(context, person.phone, 2));
  await page.locator("#reset-password").fill(password);
  await page.getByRole("button", { name: "Set the password" }).click();
  await holds(page.locator("#said"), "The new password is set");
  await page.getByLabel("E-mail or phone number", { exact: true }).fill(person.email);
  await logIn(page, password);
  await page.getByRole("heading", { name: "You are signed in" }).waitFor();
}, PATIENT);

story("everything that is wrong is said at once, beside its field", async (page) => {
  await register(page, { email: "nobody", password: "short", phone: "12" });
  await holds(page.locator("#register .problem"), "validation_failed");
  for (const field of ["register-email", "register-password", "register-phone"]) {
    assert.equal(await page.locator(`#${field}`).getAttribute("aria-invalid"), "true", field);
    assert.notEqual(await page.locator(`#${field}-error`).innerText(), "", field);
  }
  assert.ok(await page.locator("#register-email").evaluate((input) => input === document.activeElement));
});

story("a server that cannot be reached is told in words", async (page, context) => {
  await page.goto("/");
  await context.route("**/api/v1/**", (route) => route.abort());
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await holds(page.locator("#register .problem"), "The server could not be reached.");
});

story("the documentation shows every operation and every error code", async (page, context) => {
  const document = await (await context.request.get("/openapi.json")).json();
  const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
  const operations = Object.values(document.paths).flatMap((item) => methods.filter((method) => item[method]));
  await page.goto("/docs");
  await page.locator(".operation").first().waitFor();
  assert.ok(operations.length > 0, "the document has no operation");
  assert.equal(await page.locator(".operation").count(), operations.length);
  assert.equal(await page.locator(".operation .sample").filter({ hasText: "curl" }).count(), operations.length);
  const codes = document["x-error-codes"].map(({ code }) => code);
  const rows = await page.locator("#errors tbody tr").evaluateAll((found) => found.map((row) => row.id));
  assert.deepEqual(
    rows,
    codes.map((code) => `error-${code}`),
  );
  const text = await page.locator("#content").innerText();
  for (const fault of ["Missing from the document", "undefined", "[object"]) {
    assert.ok(!text.includes(fault), `the documentation says “${fault}”`);
  }
});

story("a problem’s address leads to its code, also through a filter", async (page) => {
  await page.goto("/docs#error-otp_invalid");
  const row = page.locator("#error-otp_invalid");
  await row.waitFor();
  assert.ok(await row.evaluate((element) => element === document.activeElement));
  await page.getByLabel("Filter").fill("no operation has these words");
  await holds(page.locator("#filter-count"), "0 of");
  assert.equal(await page.locator(".operation:visible").count(), 0);
  await page.evaluate(() => location.assign("#error-validation_failed"));
  await page.locator("#error-validation_failed.is-target").waitFor();
  assert.equal(await page.getByLabel("Filter").inputValue(), "");
});

for (const colorScheme of ["light", "dark"]) {
  const narrow = { viewport: { width: 360, height: 740 }, colorScheme, reducedMotion: "reduce" };
  story(
    `the pages fit a narrow ${colorScheme} screen`,
    async (page) => {
      for (const [path, ready] of [
        ["/", "#register-form"],
        ["/dev/inbox", "h1"],
        ["/docs", ".operation >> nth=0"],
      ]) {
        await page.goto(path);
        await page.locator(ready).waitFor();
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 360, `${path} is ${width} pixels wide`);
      }
    },
    narrow,
  );
}

story(
  "without JavaScript each page says where to go",
  async (page) => {
    for (const [path, link] of [
      ["/", "/openapi.json"],
      ["/docs", "/openapi.json"],
      ["/dev/inbox", "/dev/inbox/messages"],
    ]) {
      await page.goto(path);
      await page.locator(`noscript a[href="${link}"]`).waitFor();
    }
  },
  { javaScriptEnabled: false },
);
