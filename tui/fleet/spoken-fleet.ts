/** The fleet screen for those who hear it: the same facts as sentences, what must be known first, first. Pure but for the clock. */

import { MACHINE_NAMES } from "../../ops/fleet/machines.ts";
import { speakable, speech } from "../format/speech.ts";
import { count } from "../format/words.ts";
import { footerKeys } from "../keys/footer.ts";
import { sessionLines } from "../sessions/session-list.ts";
import { accountLine } from "./account.ts";
import { type FrameInput, gathered } from "./fleet-frame.ts";
import { headerLine } from "./header.ts";
import { machineFacts } from "./machine-detail.ts";
import { type MachineView, machineSentence } from "./machine-view.ts";

export interface SpokenFleet {
  readonly head: readonly string[];
  readonly machines: readonly { readonly name: string; readonly selected: boolean; readonly text: string }[];
  readonly detail: readonly string[];
  readonly keys: string;
}

/** Nothing is cut: there is no edge. */
const ENDLESS = 10_000;

/** @param now all times are told as of this instant; one and the same gives equal values while nothing but time went on */
export function spokenFleet({ ops, navigation, whyNot }: FrameInput, now: number): SpokenFleet {
  const { state, signIn, metrics, views, selected, notices } = gathered(ops, navigation);
  const { fleet } = state;
  const header = headerLine(ops.environment, signIn, { ...state, refreshing: false }, ENDLESS, now);
  const told = notices.map(({ severity, sentence, action }) => {
    const said = speakable(typeof sentence === "string" ? sentence : sentence(now));
    const loud = severity === "alarm" || severity === "warning" ? `${severity}: ` : "";
    return [loud + said, action ?? ""].filter(Boolean).join(" ");
  });
  const keys = footerKeys(whyNot)
    .filter(({ works }) => works)
    .map(({ key, label }) => `${key} ${label}`);
  return {
    head: [speech(header, now), ...told],
    machines: MACHINE_NAMES.flatMap((name) =>
      views
        .filter(({ machine }) => machine.spec.name === name)
        .map((view) => ({ name, selected: view.selected, text: speakable(machineSentence(view)) })),
    ),
    detail: [
      ...(selected ? detail(selected, metrics.failure, now) : []),
      ...(fleet ? [speech(accountLine(fleet, metrics, ENDLESS, now), now)] : []),
    ],
    keys: `keys: ${keys.join(", ").replaceAll("↑", "up").replaceAll("↓", "down").replaceAll("→", "right")}`,
  };
}

function detail(view: MachineView, failure: Parameters<typeof machineFacts>[2], now: number): readonly string[] {
  // The load is another one at every look: it would be told all day long.
  const calm = view.probe ? { ...view, probe: { ...view.probe, load: undefined } } : view;
  const facts = machineFacts(calm, [], failure)
    .filter(({ parts }) => parts.some((part) => part.length > 0))
    .map(({ label, parts }) => {
      const said = parts.map((part) => speech(part, now)).filter(Boolean);
      return `${label}: ${said.join(", ")}`;
    });
  const open = view.sessions.length;
  // What runs in them is heard in them.
  const sessions = sessionLines({ ...view, chosen: undefined }, open).map((line) => speech(line, now));
  return [...facts, ...(open ? [`${count(open, "session")}: ${sessions.join("; ")}`] : [])];
}
