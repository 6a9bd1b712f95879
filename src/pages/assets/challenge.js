// Solves the proof of work of a 428 `challenge_required` (docs/challenges.md): finds the number that, after the salt,
// has the wanted SHA-256. Front ends import it from /challenge.js; it needs no network and touches no page.
//
// It hashes by itself, since WebCrypto gives a promise for each hash, which costs more than the hash; and in slices,
// since pages with Trusted Types, as ours, may start no worker by an address.

/** Milliseconds of hashing at a time. The page stays responsive: a person notices 50. */
const SLICE = 12;
/** Hashes between two looks at the clock. */
const BATCH = 1000;

// The fractional parts of the square roots (h) and cube roots (k) of the first primes, FIPS 180-4.
const [H, K] = constants();

/**
 * Solves a challenge.
 * @param {{scheme: string, algorithm: string, challenge: string, maxnumber: number, salt: string, signature: string}}
 *   challenge the member of that name of the problem document
 * @param {{signal?: AbortSignal, onProgress?: (share: number) => void}} [options] `share` of the numbers that have been
 *   tried, from 0 to 1; the search ends at half of them, on average
 * @returns {Promise<string>} for the header `Challenge-Response`
 */
export async function solve(challenge, { signal, onProgress } = {}) {
  if (challenge.scheme !== "pow" || challenge.algorithm !== "SHA-256") {
    throw new Error(`this solves proofs of work by SHA-256, not ${challenge.scheme} ${challenge.algorithm ?? ""}`);
  }
  const began = performance.now();
  const fits = search(challenge.salt, challenge.challenge);
  let pause = began + SLICE;
  for (let number = 0; number <= challenge.maxnumber; number += 1) {
    if (fits(number)) return payload(challenge, number, Math.round(performance.now() - began));
    if (number % BATCH === 0 && performance.now() > pause) {
      onProgress?.(number / challenge.maxnumber);
      await new Promise((resume) => setTimeout(resume));
      signal?.throwIfAborted();
      pause = performance.now() + SLICE;
    }
  }
  throw new Error("the challenge has no solution");
}

const payload = ({ algorithm, challenge, salt, signature }, number, took) =>
  btoa(JSON.stringify({ algorithm, challenge, number, salt, signature, took }));

/** Whether the hash of `salt` and a number is `wanted`, as a function of the number. */
function search(salt, wanted) {
  const prefix = new TextEncoder().encode(salt);
  const whole = prefix.length - (prefix.length % 64);
  const words = new Int32Array(64);
  const start = Int32Array.from(H);
  for (let at = 0; at < whole; at += 64) compress(start, words, prefix, at);

  const target = Int32Array.from(wanted.match(/.{8}/g), (word) => Number.parseInt(word, 16));
  const tail = new Uint8Array(128);
  const rest = prefix.length - whole;
  tail.set(prefix.subarray(whole));
  const state = new Int32Array(8);
  return (number) => {
    const digits = String(number);
    const used = rest + digits.length;
    for (let at = 0; at < digits.length; at += 1) tail[rest + at] = digits.charCodeAt(at);
    const size = used < 56 ? 64 : 128;
    tail.fill(0, used, size);
    tail[used] = 0x80;
    // The length in bits, big-endian; far below 2^16.
    const bits = (whole + used) * 8;
    tail[size - 1] = bits;
    tail[size - 2] = bits >>> 8;
    state.set(start);
    for (let at = 0; at < size; at += 64) compress(state, words, tail, at);
    return state[0] === target[0] && state.every((word, at) => word === target[at]);
  };
}

/** One block of 64 bytes at `at` into `state`. */
function compress(state, words, bytes, at) {
  for (let t = 0; t < 16; t += 1) {
    const from = at + t * 4;
    words[t] = (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
  }
  for (let t = 16; t < 64; t += 1) {
    const [x, y] = [words[t - 15], words[t - 2]];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[t] = (words[t - 16] + s0 + words[t - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + words[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function constants() {
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  return [
    Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  ];
}
