/** The small ones: image, output, fmt, validate. */

import { redactLine } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import type { Operation } from "../operation/types.ts";
import { invocation, lastLine, runContainer } from "./engine.ts";
import { engineFailure } from "./engine-failures.ts";
import { ready } from "./init.ts";
import { outputLines, readOutputs } from "./outputs.ts";
import { prepareImage, type TerraformOps } from "./workspace.ts";

export function imageOperation(ops: TerraformOps): Operation {
  return {
    name: "image",
    title: "Container image",
    harmlessToDrop: true,
    run: async (context) => {
      const { image, name } = await prepareImage(ops, context);
      return { status: "done", sentence: `${image} is there, in ${name === "podman" ? "Podman" : "Docker"}.` };
    },
  };
}

export function outputOperation(ops: TerraformOps): Operation {
  return {
    name: "output",
    title: "Outputs",
    harmlessToDrop: true,
    run: async (context) => {
      const lines = outputLines(await readOutputs(await ready(ops, context)));
      for (const line of lines) context.log(line, "note");
      return lines.length > 0
        ? { status: "done", sentence: `${lines.length} values.` }
        : { status: "nothing-to-do", sentence: "Nothing was applied yet.", next: "make apply does it." };
    },
  };
}

export function formatOperation(ops: TerraformOps): Operation {
  return {
    name: "fmt",
    title: "Format terraform/",
    harmlessToDrop: true,
    run: async (context) => {
      const engine = await prepareImage(ops, context);
      const call = await invocation(ops.environment, engine, {
        command: ["terraform", "fmt", "-recursive", "-no-color"],
      });
      const ended = await runContainer(call, context.signal);
      const broken = engineFailure(ended, engine);
      if (broken) throw broken;
      const { ok, stdout, stderr } = ended;
      if (!ok) {
        throw new FailureError({
          kind: "malformed",
          code: "FMT",
          sentence: redactLine(`Something in terraform/ cannot be formatted: ${lastLine(stderr)}`),
          action: "Run make validate to see where.",
        });
      }
      const changed = stdout.split("\n").filter(Boolean);
      for (const file of changed) context.log(file, "note");
      return changed.length > 0
        ? { status: "done", sentence: `Formatted: ${changed.length}.` }
        : { status: "nothing-to-do", sentence: "Already formatted." };
    },
  };
}

export function validateOperation(ops: TerraformOps): Operation {
  return {
    name: "validate",
    title: "Check terraform/",
    harmlessToDrop: true,
    run: async (context) => {
      const workspace = await ready(ops, context);
      await workspace.capture(["validate", "-no-color"]);
      return { status: "done", sentence: "terraform/ is valid." };
    },
  };
}
