/** Nothing secret and nothing that moves the cursor may reach the screen, a log or the history. */

import { plainText } from "../plain.ts";

/** By their form: what others hold. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(authorization\s*[:=]\s*)[^\r\n]+/gi, "$1…"],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, "$1 …"],
  [
    // A value in quotes goes to its closing one, also where it is quoted itself, as in JSON inside a string.
    /((?:secret_?access_?key|tf_token_\w+|token|client_?secret|secret_?(?:key|string)|private_?key|api_?key|device_?code|passw(?:or)?d|passphrase|pwd|x-amz-(?:signature|credential)|signature|sigv4)\\?["']?\s*[:=]\s*)(?:(\\?")[^"\\\r\n]*|(\\?')[^'\\\r\n]*|[^\s"'&,;<>\\]+)/gi,
    "$1$2$3…",
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, "…"],
  [/(encoded authorization failure message:\s*)\S+/gi, "$1…"],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, "…"],
  [/\bgh[pousr]_\w{20,}\b|\bgithub_pat_\w{20,}\b/g, "…"],
  [/(:\/\/)[^\s/@]+@/g, "$1…@"],
  // Session tokens and presigned things: long, without a space, and of no use to a reader.
  [/(?<![\w/])[A-Za-z0-9+=_-][A-Za-z0-9+/=_-]{99,}/g, "…"],
];

/** Those that this process holds or has held, the newest last. */
const held = new Set<string>();
/** Tokens are renewed hourly, and programs stay open for days. */
const HELD_KEPT = 200;
/** Anything shorter could be a word. */
const SHORTEST = 12;

/** From now on these very texts are taken out wherever they stand: a form can be missed, the letters cannot. */
export function hideSecrets(...secrets: readonly unknown[]): void {
  for (const secret of secrets) {
    if (typeof secret !== "string" || secret.length < SHORTEST) continue;
    held.delete(secret);
    held.add(secret);
  }
  for (const oldest of held) {
    if (held.size <= HELD_KEPT) break;
    held.delete(oldest);
  }
}

/** The text without tokens, keys and signatures, otherwise as it is. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of held) if (clean.includes(secret)) clean = clean.replaceAll(secret, "…");
  return SECRETS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), clean);
}

/** As `redact`, and on one line, without control characters, `most` characters at most. */
export function redactLine(text: string, most = 300): string {
  // What is cut off cannot be a secret any more, and nobody waits for it to be looked through.
  const clean = plainText(redact(text.slice(0, 20 * most)))
    .replace(/\s+/g, " ")
    .trim();
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}
