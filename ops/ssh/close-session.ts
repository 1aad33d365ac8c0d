import type { Operation } from "../operation/types.ts";
import { lives, type Sessions } from "./types.ts";

/** Ends one terminal session; asks first where something may still run in it. */
export function closeSession(sessions: Sessions, id: string): Operation {
  const session = sessions.get().find((one) => one.id === id);
  const machine = session?.machine;
  return {
    name: "end-session",
    title: `End the session on ${machine ?? "a machine"}`,
    harmlessToDrop: true,
    ...(machine ? { machine } : {}),
    run: async (context) => {
      if (!session) return { status: "nothing-to-do", sentence: "The session has ended already." };
      if (lives(session) || session.stays) {
        const answer = await context.ask({
          kind: "confirm",
          title: `End the session on ${session.machine}?`,
          lines: [
            `"${session.title}" runs in it, and ends with it.`,
            ...(session.end?.kind === "kept" && session.end.attached ? ["It is open in another cockpit."] : []),
            ...session.lastLines.slice(-3),
          ],
          yes: "End it",
          no: "Leave it",
        });
        if (answer === undefined) return { status: "cancelled", sentence: "The session is left as it is." };
      }
      await sessions.close(id);
      return { status: "done", sentence: `The session on ${session.machine} has ended.` };
    },
  };
}
