/** What is done about plain ssh: it is set up, taken away, and let in by the names that bring a machine up first. */

import { FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Handover, HandoverOperation } from "../operation/handover.ts";
import type { Operation } from "../operation/types.ts";
import type { Ops } from "../ops.ts";
import { createPlainSsh, type PlainSsh } from "./plain-ssh.ts";

const plainSsh = ({ environment, access }: Ops): PlainSsh => createPlainSsh(environment, access.hostKeys);

export function setUpPlainSsh(ops: Ops): Operation {
  return {
    name: "ssh-config",
    title: "Set up plain ssh",
    harmlessToDrop: true,
    run: async (context) => {
      const fleet = await ops.access.gate(() => ops.access.look(context.signal), context.signal);
      const isNew = await plainSsh(ops).setUp(fleet);
      const next =
        "Try ssh arm; ssh arm-up starts the machine first. It is kept true from here; make clean-ssh takes it away.";
      return isNew
        ? { status: "done", sentence: "ssh, scp, rsync, git and editors know the machines by their names now.", next }
        : { status: "nothing-to-do", sentence: "ssh knows the machines already.", next };
    },
  };
}

export function cleanPlainSsh(ops: Ops): Operation {
  return {
    name: "clean-ssh",
    title: "Take plain ssh away",
    harmlessToDrop: true,
    run: async () =>
      (await plainSsh(ops).takeAway())
        ? { status: "done", sentence: "~/.ssh/config is without snowglobe again." }
        : { status: "nothing-to-do", sentence: "~/.ssh/config has nothing of snowglobe." },
  };
}

/** Bytes both ways between our standard streams and a port, by a Node of its own: we may go when ssh does. */
const PIPE = [
  'const socket = require("node:net").connect(Number(process.argv[2]), process.argv[1]);',
  "process.stdin.pipe(socket).pipe(process.stdout);",
  'socket.on("error", ({ message }) => { console.error(message); process.exit(1); });',
  'socket.on("close", () => process.exit(0));',
].join(" ");

/**
 * What ssh is given for a connection to a machine that is brought up first, as its ProxyCommand: `connect`, then the bytes.
 * @param connect everything up to the prompt
 */
export function pipeTo(
  ops: Ops,
  machine: MachineName,
  connect: Operation & { readonly address: () => string | undefined },
): HandoverOperation {
  const plain = plainSsh(ops);
  let handover: Handover | undefined;
  return {
    ...connect,
    handover: () => handover,
    run: async (context) => {
      const before = await plain.known(machine);
      const outcome = await connect.run(context);
      if (outcome.status !== "done") return outcome;
      const { fleet } = ops.fleet.get();
      if (fleet) await plain.follow(fleet);
      // The ssh that waits for us has read its configuration already: another disk has another key.
      if (before !== (await plain.known(machine))) {
        return {
          status: "blocked",
          sentence: `${machine} is up, and it is another than ssh was told when it began.`,
          next: "Do the same once more.",
        };
      }
      const to = await plain.reach(connect.address() ?? "");
      if (!to)
        throw new FailureError({
          kind: "refused",
          code: "SIMULATED",
          sentence: `Nothing stands behind ${machine} here.`,
        });
      const args = ["--eval", PIPE, to.host, String(to.port)];
      handover = { command: process.execPath, args, env: ops.environment.env, close: () => {} };
      return outcome;
    },
  };
}
