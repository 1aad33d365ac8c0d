/** Opening an address in a browser on this computer, where it has one. */

import { setTimeout } from "node:timers/promises";
import type { Environment } from "../../ops/environment.ts";
import { $, findProgram } from "../../ops/programs.ts";

type Env = Environment["env"];

type Opener =
  | { readonly ok: true; readonly file: string }
  /** Why there is none, as a clause: "there is no display here". */
  | { readonly ok: false; readonly reason: string };

/**
 * What opens an address here: `wslview` on Windows' Linux, `open` on macOS, `xdg-open` on a Linux with a display.
 * Over SSH a browser would open where nobody sits.
 */
export function findOpener(env: Env, platform: NodeJS.Platform = process.platform): Opener {
  const wsl = platform === "linux" && env.WSL_DISTRO_NAME ? findProgram("wslview", env) : undefined;
  if (wsl) return { ok: true, file: wsl };
  if (env.SSH_CONNECTION && !env.DISPLAY) return { ok: false, reason: "this is a shell over SSH" };
  if (platform !== "darwin" && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    return { ok: false, reason: "there is no display here" };
  }
  const file = findProgram(platform === "darwin" ? "open" : "xdg-open", env);
  return file ? { ok: true, file } : { ok: false, reason: "xdg-open is not installed" };
}

/** An opener that fails does so at once; one that is still there after this has a browser. */
const FAILS_WITHIN_MS = 1000;

/**
 * Opens `url`, gives the sentence to show, and leaves the browser alone. Only web addresses are ever opened: `https`, or
 * `http` on this computer itself, where a simulated account has its page.
 */
export async function openBrowser(
  url: string,
  env: Env,
  platform: NodeJS.Platform = process.platform,
): Promise<string> {
  const address = webAddress(url);
  if (!address) return "No browser: that is no web address that can be trusted. Use any other device.";
  const opener = findOpener(env, platform);
  if (!opener.ok) return `No browser: ${opener.reason}. Use any other device.`;
  const opening = $({ env, stdio: "ignore", nothrow: true })`${opener.file} ${address}`;
  opening.child?.unref();
  const failed = await Promise.race([
    opening.then(({ ok }) => !ok),
    setTimeout(FAILS_WITHIN_MS, false, { ref: false }),
  ]);
  return failed ? "The browser could not be started. Use any other device." : "Opened in the browser.";
}

/** Openers hand addresses on to shells of their own: what one of those could take for more is written as %XX. */
const PLAIN = /[^A-Za-z0-9\-._~:/?#@!&=+,;%[\]]/g;

/** The address parsed and written anew; undefined where it is none that a browser should get. */
function webAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || url.username || url.password) return undefined;
  const here = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && here)) return undefined;
  return url.href.replace(PLAIN, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
