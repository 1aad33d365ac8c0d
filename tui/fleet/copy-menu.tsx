/** The menu of what of a machine can be copied. */

import type { Environment } from "../../ops/environment.ts";
import type { MachineName } from "../../ops/fleet/machines.ts";
import type { Machine } from "../../ops/fleet/model.ts";
import { ChooseDialog } from "../dialogs/choose-dialog.tsx";
import type { Window } from "../shared/overlay.tsx";
import { copyable } from "./copyable.ts";

interface CopyMenuProps extends Window {
  readonly name: MachineName;
  /** Absent before anything was observed. */
  readonly machine: Machine | undefined;
  readonly environment: Environment;
  readonly onCopy: (text: string, what: string) => void;
  readonly onBack: () => void;
}

/** Nothing is asked here that could do harm: what is chosen is copied at once. */
export function CopyMenu({ name, machine, environment, onCopy, onBack, ...window }: CopyMenuProps) {
  const choices = machine ? copyable(machine, environment) : [];
  const take = (text: string) => {
    const label = choices.find(({ id }) => id === text)?.label ?? "text";
    onCopy(text, `the ${label} of ${name}`);
    onBack();
  };
  return (
    <ChooseDialog
      {...window}
      title={`Copy of ${name}`}
      lines={choices.length ? [] : [`There is no ${name} in this account.`]}
      choices={choices}
      onChoice={take}
      onNo={onBack}
    />
  );
}
