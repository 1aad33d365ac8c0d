import { describe, expect, it } from "vitest";
import { starts } from "./accounts.ts";
import { explore } from "./explore.ts";
import { MUTANTS, mindOf } from "./mutants.ts";
import { SOUND } from "./player.ts";

describe("the model of start, stop and swap", () => {
  // Minutes on a quiet machine: on a busy one the usual time is no last resort.
  const patience = { timeout: 1_200_000 };
  it(
    "breaks no invariant in any reachable state, and from each comes to the goal or to an honest word",
    patience,
    () => {
      const { states, edges, staleLooks, broken } = explore(starts(), SOUND, { hands: 2, limit: 1 });
      process.stdout.write(`model check: ${states} states, ${edges} edges, ${staleLooks} stale looks\n`);
      expect(broken).toEqual([]);
      expect(states).toBeGreaterThan(10_000);
    },
  );

  for (const mutant of MUTANTS) {
    it(`catches a decide that ${mutant.name}`, () => {
      const some = starts().filter(({ name, data }) => (mutant.start ? name === mutant.start : !data));
      expect(explore(some, mindOf(mutant, false), { hands: 2, limit: 1 }).broken).not.toEqual([]);
    });
  }

  for (const mutant of MUTANTS) {
    it(`is told by the guard, or harms nothing, when decide ${mutant.name}`, () => {
      const some = starts().filter(({ name }) => (mutant.start ? name === mutant.start : DANGEROUS.includes(name)));
      const { broken } = explore(some, mindOf(mutant, true), { hands: 1, limit: 500 });
      expect(broken.filter(isHarm)).toEqual([]);
    });
  }
});
/** The starts from which a careless call does harm. */
const DANGEROUS = ["recreated", "temporary disk, stopped by AWS", "root would be deleted", "cancelled request"];

/** What no guarded call may bring about, whatever `decide` asks for. */
function isHarm(broken: string): boolean {
  return /^(vol-\S+ is lost|delete (of|before)|\S+ on a stranger|detach (at|of)|two |(pending|running) without|the machine's own spot)/.test(
    broken,
  );
}
