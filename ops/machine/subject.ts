/** What a wait is about: the one thing whose change can end it, and that is worth a glance. Pure. */

import type { Subject } from "../fleet/glance.ts";
import type { StepId } from "./decision.ts";
import type { World } from "./world.ts";

const MOVING: ReadonlySet<string> = new Set(["creating", "deleting", "attaching", "detaching", "busy"]);

/** Undefined where only a whole look can tell. */
export function subjectOf(step: StepId, world: World): Subject | undefined {
  const { instance, spotRequest, persistent, roots, marked } = world;
  switch (step) {
    case "stop":
    case "start":
      return instance && { kind: "instance", id: instance.id };
    case "release":
      return spotRequest && { kind: "spotRequest", id: spotRequest.id };
    case "detach":
    case "attach":
    case "putBack":
    case "cleanUp": {
      const moving = [...roots, ...marked, ...(persistent ? [persistent] : [])].find(
        ({ state, attachments }) => MOVING.has(state) || attachments.some((one) => MOVING.has(one.state)),
      );
      return moving && { kind: "volume", id: moving.id };
    }
    default:
      return undefined;
  }
}
