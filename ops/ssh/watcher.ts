/** Makes sure that no ssh process outlives us, however we end. */

import { $ } from "../programs.ts";

/**
 * Starts a tiny watcher that hangs `pid` up when this process is gone, be it by kill -9; gives the function that ends
 * the watcher. The hang-up of a pty is not enough: node-pty's descriptors are inherited by every child started later
 * (no FD_CLOEXEC in 1.1.0), and a child that outlives us, such as a container, keeps the pty open.
 */
export function hangUpWithUs(pid: number): () => void {
  // The pipe from us is closed by the kernel when we end; `read` waits for exactly that.
  const watch = $({ prefix: "", stdio: ["pipe", "ignore", "ignore"], nothrow: true });
  const { child } = watch`read -r _; kill -HUP ${pid}`;
  child?.unref();
  // Its pipe must not keep us alive either.
  const pipe = child?.stdin;
  if (pipe && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  return () => {
    child?.kill("SIGKILL");
    pipe?.destroy();
  };
}
