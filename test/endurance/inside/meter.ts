/** What only the test sees of the program: its figures, and how things stand, over a socket that the test opens. */

import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { getHeapSpaceStatistics } from "node:v8";
import type { Ops } from "../../../ops/ops.ts";
import type { SimClock } from "../../simulator/service.ts";
import type { Ask, Figures, Standing } from "../reading.ts";
import { listening } from "./store.ts";

const warnings: string[] = [];

/** Answers every line of the socket at SNOWGLOBE_METER with one. */
export function startMeter(ops: Ops, time: SimClock): void {
  process.on("warning", (warning) => warnings.push(`${warning.name}: ${warning.message}`));
  const socket = connect(process.env.SNOWGLOBE_METER ?? "");
  socket.unref();
  createInterface({ input: socket }).on("line", async (line) => {
    const ask = JSON.parse(line) as Ask;
    time.setSpeed(ask.speed);
    time.advance(ask.now - time.now());
    const answer = ask.want === "figures" ? await figures() : standing(ops);
    socket.write(`${JSON.stringify(answer)}\n`);
  });
}

async function figures(): Promise<Figures> {
  // Twice: what the first finds dead is let go by finalizers, and found dead by the second. As the last resort, V8 gives
  // the pages of what is free back, so that resident memory says what is held and not how fast garbage was made before.
  for (let round = 0; round < 2; round += 1) {
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, external } = process.memoryUsage();
  const resources = await restingResources();
  return {
    megabytes: { rss: rss / 2 ** 20, heap: dataBytes() / 2 ** 20, external: external / 2 ** 20 },
    descriptors: countOf(openFiles()),
    resources,
    listeners: {
      stores: listening.size,
      process: listenersOf(process),
      stdin: listenersOf(process.stdin),
      stdout: listenersOf(process.stdout),
    },
    warnings,
  };
}

const READINGS = 30;
const READING_MS = 10;

/** The fewest of each kind within some moments: a look that is under way has a dozen timers, and is over soon. */
async function restingResources(): Promise<Readonly<Record<string, number>>> {
  let fewest = countOf(process.getActiveResourcesInfo());
  for (let reading = 1; reading < READINGS; reading += 1) {
    await new Promise((resolve) => setTimeout(resolve, READING_MS));
    const now = countOf(process.getActiveResourcesInfo());
    fewest = Object.fromEntries(Object.entries(fewest).map(([name, count]) => [name, Math.min(count, now[name] ?? 0)]));
  }
  return fewest;
}

/** What the heap holds but for code: the compiler makes more of that, and better, for hours, and throws it away again. */
function dataBytes(): number {
  const data = getHeapSpaceStatistics().filter(({ space_name }) => !/code|trusted/.test(space_name));
  return data.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}

/** What the open descriptors lead to, without the numbers that tell one socket or pty from another. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, "N");
    } catch {
      // The one that this directory was read by.
      return [];
    }
  });
}

function listenersOf(emitter: NodeJS.EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}

function countOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function standing(ops: Ops): Standing {
  const { fleet, source, failure } = ops.fleet.get();
  return {
    now: ops.clock.now(),
    signIn: ops.signIn.get().status,
    source,
    failure: failure?.sentence,
    machines: Object.fromEntries(
      Object.entries(fleet?.machines ?? {}).map(([name, { instance }]) => [name, instance?.state ?? "none"]),
    ),
    sessions: ops.sessions.get(),
    runs: ops.operations.get().map((run) => {
      const { id, title, question, outcome } = run.get();
      return { id, title, asks: question?.question.kind, outcome: outcome?.status };
    }),
  };
}
