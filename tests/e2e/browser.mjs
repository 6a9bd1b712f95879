// A story: a test with a fresh browser context, which also fails on whatever the browser complains about (script
// errors, refusals by the content security policy, requests to other origins), and leaves screenshots when it fails.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

export const BASE_URL = process.env.BASE_URL;
const SCREENSHOTS = process.env.SCREENSHOTS;
/** Milliseconds for one expectation: an unoptimised build hashes a password in well under a second. */
const PATIENCE = 15_000;

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--disable-gpu", "--disable-quic"],
    timeout: 30_000,
  });
});
after(() => browser?.close());

/**
 * @param {string} name a sentence
 * @param {(page: import("playwright-core").Page, context: import("playwright-core").BrowserContext) => Promise<void>} body
 * @param {import("playwright-core").BrowserContextOptions & {skip?: false | string}} [options] of the context; or why
 *   the story is skipped
 */
export function story(name, body, { skip = false, ...options } = {}) {
  test(name, { timeout: 90_000, skip }, async () => {
    const context = await browser.newContext({ baseURL: BASE_URL, locale: "en-GB", ...options });
    context.setDefaultTimeout(PATIENCE);
    const complaints = listen(context);
    try {
      await body(await context.newPage(), context);
      assert.deepEqual(complaints, [], "the browser complained");
    } catch (failure) {
      // The reporter prints the stack, which does not follow a change of the message.
      failure.stack += await screenshots(context, name);
      throw failure;
    } finally {
      await context.close();
    }
  });
}

function listen(context) {
  const complaints = [];
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isRefusal(message))
      complaints.push(`${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (failure) => complaints.push(String(failure.error())));
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(BASE_URL).origin) complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}

/** Chromium reports each 4xx of the API and each lost connection as an error, also where the page expects it. */
function isRefusal(message) {
  const { url } = message.location();
  return message.text().startsWith("Failed to load resource") && url.startsWith(`${BASE_URL}/api/v1/`);
}

async function screenshots(context, name) {
  await mkdir(SCREENSHOTS, { recursive: true });
  const paths = [];
  for (const [at, page] of context.pages().entries()) {
    const path = join(SCREENSHOTS, `${name.replaceAll(/\W+/g, "-")}-${at + 1}.png`);
    await page.screenshot({ path, fullPage: true });
    paths.push(path);
  }
  return `\nscreenshots: ${paths.join(", ")}`;
}

/** Waits for an element that holds a text, so that a failure says what was there instead. */
export async function holds(locator, text) {
  const deadline = Date.now() + PATIENCE;
  let found = "";
  while (Date.now() < deadline) {
    found = (await locator.isVisible()) ? await locator.innerText() : "(nothing visible)";
    if (found.includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`expected “${text}” in ${locator}, found “${found}”`);
}
