/** How any screen opens the `?` overlay without knowing of it: whoever draws the overlays says what that does. */

import { createContext } from "react";
import type { KeyContext } from "./registry.ts";

/** Opens the help, with what `context` hears first. */
export const OpenHelp = createContext<(context: KeyContext) => void>(() => {});
