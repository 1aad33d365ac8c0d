import { expect, it, vi } from "vitest";

// The theme asks once, when it is loaded.
vi.hoisted(() => {
  process.env.NO_COLOR = "1";
});

import { stripVTControlCharacters } from "node:util";
import type { Question } from "../../../ops/operation/types.ts";
import { fakeOps } from "../../harness/fakes.ts";
import { aFleet, live, PHASES, STORY_METRICS, storyFleet } from "../../harness/fleets.ts";
import { onScreen } from "../fleet/on-screen.tsx";
import { FOREVER, scripted, show } from "../run/scripted.tsx";
import { COLOURS } from "./sequences.ts";

const INVERSE = "\u001b[7m";
const SIZE = [100, 30] as const;

it("writes no colour, and shows alarms, choice and focus by shape", async () => {
  const ops = fakeOps({ fleet: live(storyFleet()), metrics: STORY_METRICS });
  await onScreen({ ops, selected: "fcvm-metal-x86" }, SIZE, (screen) => {
    expect(screen.written()).not.toMatch(COLOURS);
    expect(screen.written()).toContain(INVERSE);
    expect(screen.text()).toMatch(/^ ▲ fcvm-metal-arm is running on a temporary disk/m);
    expect(screen.text()).toMatch(/^▌ ○ fcvm-metal-x86/m);
    expect(screen.text()).toMatch(/^ {2}● jumpbox/m);
  });
  const question: Question = { kind: "confirm", title: "Swap it?", lines: [], yes: "Swap", no: "Cancel" };
  const { screen } = await show(
    scripted(async ({ ask }) => {
      await ask(question);
      return FOREVER;
    }),
  );
  await screen.waitFor("[ Cancel ]");
  await screen.press("tab");
  await screen.waitFor("[ Swap ]");
  expect(screen.written()).not.toMatch(COLOURS);
  await screen.unmount();
});

it("tells every state of a machine from every other without colour", async () => {
  const seen = new Map<string, string>();
  for (const phase of PHASES) {
    const ops = fakeOps({
      fleet: live(aFleet({ "fcvm-metal-arm": { phase, upFor: 3_600_000 } })),
      metrics: STORY_METRICS,
    });
    await onScreen({ ops }, SIZE, (screen) => {
      // What the mark of a busy machine looks like depends on the moment.
      const text = stripVTControlCharacters(screen.text()).replaceAll(/[◐◓◑◒]/g, "◐");
      const same = [...seen].find(([, other]) => other === text)?.[0];
      expect(same, `${phase} looks like ${same}`).toBeUndefined();
      seen.set(phase, text);
    });
  }
});
