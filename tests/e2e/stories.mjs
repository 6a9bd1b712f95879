// What a person does on the pages of `ringfence dev`, told as stories. See `run` for how to start them.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { before } from "node:test";
import { BASE_URL, holds, story } from "./browser.mjs";

const PASSWORD = "seven quiet herons at dusk";

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

async function codeFor(context, phone) {
  const inbox = await context.newPage();
  await inbox.goto("/dev/inbox");
  const message = inbox
    .getByRole("listitem")
    .filter({ hasText: phone.replaceAll(" ", "") })
    .first();
  await message.waitFor();
  const code = await message.locator(".code").innerText();
  await inbox.close();
  assert.match(code, /^\d{4,10}$/);
  return code;
}

async function answer(page, code) {
  await page.getByLabel("Code", { exact: true }).fill(code);
  await page.getByRole("button", { name: "Check the code" }).click();
}

story("a newcomer registers, mistypes the code, then reads token and profile", async (page, context) => {
  const person = newcomer();
  await register(page, { ...person, password: PASSWORD });
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  assert.equal(await page.getByLabel("E-mail or phone number").inputValue(), person.email);

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

  await page.getByRole("button", { name: "Read the profile with it" }).click();
  await holds(page.locator("#profile-answer"), person.phone.replaceAll(" ", ""));
  await holds(page.locator("#session-answer"), person.email);
  assert.equal(await page.locator("[aria-current=step]").innerText(), "See the profile");

  const log = await page.locator("#exchanges").evaluate((list) => list.textContent);
  for (const call of ["/auth/register", "/auth/login", "/auth/verify-otp", "/profile", "/auth/session"]) {
    assert.ok(log.includes(`/api/v1${call}`), `the log does not show ${call}`);
  }
  for (const secret of [PASSWORD, code, wrong]) assert.ok(!log.includes(secret), "the log shows a secret");
  const kept = await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length);
  assert.equal(kept, 0, "the page keeps something outside its memory");
});

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
