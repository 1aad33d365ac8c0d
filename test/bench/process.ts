/** The built cockpit as `make tui` starts it, and what a process has used. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Program, runProgram } from "../harness/program.ts";

const COCKPIT = fileURLToPath(new URL("../../dist/cockpit.js", import.meta.url));
const TICKS_PER_SECOND = 100;
const CERTIFICATES = new Set(["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]);

/**
 * With the flags that Make gives to this process too. Without the machine's own certificates: they cost the cockpit
 * 27 MB where they are, and everything here is on loopback.
 */
export function startCockpit(env: NodeJS.ProcessEnv, size: { columns?: number; rows?: number } = {}): Program {
  const rest = Object.entries(env).filter(([name]) => !CERTIFICATES.has(name));
  return runProgram(process.execPath, [...process.execArgv, COCKPIT], { ...size, env: Object.fromEntries(rest) });
}

/** User and system time of a process so far: fields 14 and 15 of proc(5) stat, in clock ticks. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function residentMB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}
