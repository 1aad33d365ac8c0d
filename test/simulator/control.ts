/** The simulator's own controls, as JSON over HTTP under /_sim/: what tests of another process do to the account and see of it. */

import type { CpuBook } from "./cloudwatch/cpu.ts";
import type { Call } from "./ec2/calls.ts";
import type { Happening } from "./ec2/happenings.ts";
import type { Fault, Faults } from "./faults.ts";
import type { LoggedCall } from "./server.ts";
import type { CredentialBook, SimReply, SimRequest } from "./service.ts";
import type { World } from "./world.ts";

/**
 * GET  state → {now, account, due}; calls → {count, calls}; clock; faults
 * POST clock {speed?, advance?, latencyScale?}; faults Fault; call Call; happening Happening; settle {id}; account Account;
 *      credentials {} (expires every key); cpu {instanceId, hours} (percent or null, the last being this hour)
 * DELETE calls; faults
 */
export function controls({
  world,
  credentials,
  faults,
  cpu,
  calls,
}: {
  readonly world: World;
  readonly credentials: CredentialBook;
  readonly faults: Faults;
  readonly cpu: CpuBook;
  readonly calls: () => LoggedCall[];
}): (request: SimRequest) => SimReply | undefined {
  const clockNow = () => ({ now: world.clock.now(), speed: world.clock.speed() });
  const answers: Readonly<Record<string, (body: unknown) => unknown>> = {
    "GET state": () => {
      const account = world.account();
      const due = Object.fromEntries(
        Object.values(account.pending).map((pending) => [pending.id, world.dueOf(pending)]),
      );
      return { now: world.clock.now(), account, due };
    },
    "GET calls": () => ({ count: calls().length, calls: calls() }),
    "DELETE calls": () => {
      calls().length = 0;
      return {};
    },
    "GET clock": clockNow,
    "POST clock": (body) => {
      const { speed, advance, latencyScale } = body as { speed?: number; advance?: number; latencyScale?: number };
      if (latencyScale !== undefined) world.setLatencyScale(latencyScale);
      if (speed !== undefined) world.clock.setSpeed(speed);
      if (advance !== undefined) world.clock.advance(advance);
      return clockNow();
    },
    "GET faults": () => faults.list(),
    "POST faults": (body) => {
      faults.add(body as Fault);
      return {};
    },
    "DELETE faults": () => {
      faults.clear();
      return {};
    },
    "POST call": (body) => {
      const outcome = world.apply(body as Call);
      return outcome.error ? { error: outcome.error } : { result: outcome.result };
    },
    "POST happening": (body) => {
      world.happen(body as Happening);
      return {};
    },
    "POST settle": (body) => {
      world.settle((body as { id: string }).id);
      return {};
    },
    "POST account": (body) => {
      world.update(() => body as ReturnType<World["account"]>);
      return {};
    },
    "POST cpu": (body) => {
      const { instanceId, hours } = body as { instanceId: string; hours: readonly (number | null)[] };
      cpu.setHours(instanceId, hours, world.clock.now());
      return {};
    },
    "POST credentials": () => {
      credentials.expireAll();
      return {};
    },
  };
  return (request) => {
    const [, sim, name] = request.url.pathname.split("/");
    const answer = sim === "_sim" ? answers[`${request.method} ${name}`] : undefined;
    if (!answer) return undefined;
    try {
      return json(200, answer(request.body === "" ? {} : JSON.parse(request.body)));
    } catch (error) {
      return json(400, { error: String(error) });
    }
  };
}

const json = (status: number, body: unknown): SimReply => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
