/** The owner's file on disk: which root volume and address belong to a machine for ever. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FailureError } from "../failure.ts";
import type { OwnerValues } from "./model.ts";
import { FILE, parseOwnerValues } from "./owner-text.ts";

/**
 * Reads `terraform.tfvars` in `terraformDir`; a missing file means no values.
 * Throws a FailureError (`malformed`, with the line) where the attribute cannot be understood: what protects volumes is
 * never guessed at.
 */
export async function readOwnerValues(terraformDir: string): Promise<OwnerValues> {
  let text: string;
  try {
    text = await readFile(join(terraformDir, FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new FailureError(
      {
        kind: "missing",
        sentence: `terraform/${FILE} cannot be read, and it says which volumes are persistent.`,
        action: `Make terraform/${FILE} readable.`,
        code: (error as NodeJS.ErrnoException).code ?? "EIO",
      },
      { cause: error },
    );
  }
  return parseOwnerValues(text);
}
