/** Makes sure that no ssh process outlives us, however we end. */

import { spawn } from "node:child_process";

/**
 * Starts a tiny watcher that hangs `pid` up when this process is gone, be it by kill -9; gives the function that ends
 * the watcher. The hang-up of a pty is not enough: node-pty's descriptors are inherited by every child started later
 * (no FD_CLOEXEC in 1.1.0), and a child that outlives us, such as a container, keeps the pty open.
 */
export function hangUpWithUs(pid: number): () => void {
  // The pipe from us is closed by the kernel when we end; `read` waits for exactly that.
  const watcher = spawn("/bin/sh", ["-c", 'read -r _; kill -HUP "$1"', "sh", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.on("error", () => {});
  watcher.stdin.on("error", () => {});
  watcher.unref();
  // Its pipe must not keep us alive either.
  if ("unref" in watcher.stdin && typeof watcher.stdin.unref === "function") watcher.stdin.unref();
  return () => {
    watcher.kill("SIGKILL");
    watcher.stdin.destroy();
  };
}
