// What a person sees of challenges on the demo page, where everybody is asked: CHALLENGE_WHEN=always.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { holds, story } from "./browser.mjs";

const PASSWORD = "seven quiet herons at dusk";

story("a challenge is solved by the page itself, which says so and sends the request again", async (page) => {
  const email = `challenged-${randomInt(10 ** 10)}@example.com`;
  await page.goto("/");
  await page.evaluate(() => {
    const line = document.getElementById("proving");
    window.shown = [];
    new MutationObserver(() => window.shown.push(!line.hidden)).observe(line, { attributeFilter: ["hidden"] });
  });
  const form = page.locator("#register");
  await form.getByLabel("E-mail", { exact: true }).fill(email);
  await form.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await form.getByLabel("Phone number", { exact: true }).fill(`+1 415 555 ${randomInt(1000, 9999)}`);
  await form.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  assert.deepEqual(await page.evaluate(() => window.shown), [true, false]);

  await page.locator("#login").getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByRole("heading", { name: "Enter the code" }).waitFor();
  const statuses = await page.locator("#exchanges summary .badge").allTextContents();
  assert.deepEqual(statuses, ["200", "428", "201", "428"], "newest first");
  await holds(page.locator("#exchanges"), "challenge-response: ");
});
