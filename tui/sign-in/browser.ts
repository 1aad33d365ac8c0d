/** Opening an address in a browser on this computer, where it has one. */

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Environment } from "../../ops/environment.ts";

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
  const wsl = platform === "linux" && env.WSL_DISTRO_NAME ? inPath("wslview", env) : undefined;
  if (wsl) return { ok: true, file: wsl };
  if (env.SSH_CONNECTION && !env.DISPLAY) return { ok: false, reason: "this is a shell over SSH" };
  if (platform !== "darwin" && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    return { ok: false, reason: "there is no display here" };
  }
  const file = inPath(platform === "darwin" ? "open" : "xdg-open", env);
  return file ? { ok: true, file } : { ok: false, reason: "xdg-open is not installed" };
}

/** Opens `url` without waiting; gives the sentence to show. Only web addresses are ever opened. */
export function openBrowser(url: string, env: Env, platform: NodeJS.Platform = process.platform): Promise<string> {
  if (!/^https?:\/\//.test(url)) return Promise.resolve("No browser: that is no web address.");
  const opener = findOpener(env, platform);
  if (!opener.ok) return Promise.resolve(`No browser: ${opener.reason}. Use any other device.`);
  return new Promise((resolve) => {
    const child = spawn(opener.file, [url], { detached: true, stdio: "ignore", env: { ...env } });
    child.once("error", () => resolve("The browser could not be started. Use any other device."));
    child.once("spawn", () => {
      child.unref();
      resolve("Opened in the browser.");
    });
  });
}

function inPath(name: string, env: Env): string | undefined {
  for (const directory of (env.PATH ?? "").split(delimiter)) {
    const file = join(directory, name);
    try {
      if (!directory) continue;
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}
