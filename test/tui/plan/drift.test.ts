import { expect, it } from "vitest";
import { notices } from "../../../tui/fleet/notices.ts";
import { SIGNED_IN } from "../../harness/fakes.ts";
import { live, NOW, storyFleet } from "../../harness/fleets.ts";

const STATE = live(storyFleet());
const last = (pending: number, drift: number) => ({ at: NOW - 3 * 3_600_000, pending, drift, resources: 60 });

it("tells what the last plan found after everything else, and how long ago that was", () => {
  const note = notices(SIGNED_IN, STATE, [], last(1, 2)).at(-1);
  const sentence = typeof note?.sentence === "function" ? note.sentence(NOW) : note?.sentence;
  expect(sentence).toBe("Terraform planned 3 h ago: 2 changes outside Terraform, 1 pending.");
  expect(note).toMatchObject({ severity: "note", action: "Press a to look." });
});

it("says nothing where the last plan found nothing, and where there was none", () => {
  expect(notices(SIGNED_IN, STATE, [], last(0, 0))).toEqual(notices(SIGNED_IN, STATE, []));
});
