/** How another shell gets onto a simulated account: the lines that it reads. */

import { quoted } from "../engine/stage.ts";

/** Sets these variables; a real account's settings in that shell are taken away. */
export function shellLines(env: Readonly<Record<string, string>>): readonly string[] {
  return [
    "unset $(env | sed -n 's/^\\(\\(AWS\\|TF\\|SNOWGLOBE\\)_[A-Za-z0-9_]*\\)=.*/\\1/p')",
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
  ];
}
