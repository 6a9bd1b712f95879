// One way to call the API: JSON in, JSON out, and every failure, also that of the network, as a problem in words.

import { solve } from "./challenge.js";
import { announce, byId } from "./dom.js";
import { record } from "./exchanges.js";
import { learnServerTime } from "./times.js";

/** The prefix of every route that the demo calls. */
const PREFIX = "/api/v1";

/** Milliseconds after which an answer is no longer awaited. */
const PATIENCE = 30_000;

/**
 * Calls the API and writes the exchange to the log. A challenge on the way is solved, and the request sent again.
 * @param {string} method
 * @param {string} path below `/api/v1`
 * @param {{body?: object, token?: string}} [request]
 * @returns {Promise<{answer?: object, problem?: object}>} `answer` is the body of a 2xx; `problem` has at least
 *   `title` and `code`; `foundHere` marks one that the server did not write
 */
export async function call(method, path, request = {}) {
  const outcome = await exchange(method, path, request);
  const challenge = outcome.problem?.challenge;
  if (challenge?.scheme !== "pow") return outcome;
  const proof = await prove(challenge).catch(() => null);
  return proof ? exchange(method, path, { ...request, proof }) : outcome;
}

/** Solves a challenge, and says so meanwhile. */
async function prove(challenge) {
  const line = byId("proving");
  const bar = line.querySelector("progress");
  bar.value = 0;
  line.hidden = false;
  announce("The server asks this browser for a little work first.");
  try {
    return await solve(challenge, {
      signal: AbortSignal.timeout(PATIENCE),
      onProgress: (share) => {
        bar.value = share;
      },
    });
  } finally {
    line.hidden = true;
  }
}

async function exchange(method, path, { body, token, proof }) {
  const headers = { accept: "application/json, application/problem+json" };
  if (body) headers["content-type"] = "application/json";
  if (token) headers.authorization = `Bearer ${token}`;
  if (proof) headers["challenge-response"] = proof;
  const sent = { method, path: PREFIX + path, headers, body, started: performance.now() };
  try {
    const response = await fetch(PREFIX + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE),
    });
    learnServerTime(response.headers.get("date"));
    const text = await response.text();
    const answer = parse(text);
    record({ ...sent, response, answer: answer ?? text });
    if (response.status === 204) return { answer: {} };
    return response.ok && answer ? { answer } : { problem: problemOf(response, answer) };
  } catch (failure) {
    const problem = noAnswer(failure);
    record({ ...sent, failure: problem.detail });
    return { problem };
  }
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function problemOf(response, answer) {
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return {
    title: `The server answered with status ${response.status}.`,
    detail: answer
      ? undefined
      : `The answer, with status ${response.status}, was not JSON. A proxy may have written it.`,
    code: `http_${response.status}`,
    status: response.status,
    retryAfter: Number.isNaN(retryAfter) ? undefined : retryAfter,
    foundHere: response.ok || !answer,
    ...(response.ok ? {} : answer),
  };
}

function noAnswer(failure) {
  const late = failure.name === "TimeoutError";
  return {
    title: late ? "No answer in time" : "The server could not be reached",
    detail: late
      ? `The server did not answer within ${PATIENCE / 1000} seconds. The request may still have been carried out.`
      : "The server could not be reached. Check that it is running, then try again.",
    code: late ? "no_answer" : "network_error",
    foundHere: true,
  };
}
