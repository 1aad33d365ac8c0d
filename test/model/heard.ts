/** What a player may have heard beside the look: of SSH, and of the persistent volume. */

import type { Heard } from "../../ops/machine/world.ts";

export const UNHEARD: Heard = { ssh: { status: "unknown" }, persistentRefused: undefined };
export const ANSWERED: Heard = { ...UNHEARD, ssh: { status: "answered", hostname: "fcvm-metal-arm", lines: [] } };
/** A refused, or for ever failing, call on the persistent volume leaves nothing but this behind. */
export const REFUSED: Heard = { ...UNHEARD, persistentRefused: "This role is not allowed to do that." };
