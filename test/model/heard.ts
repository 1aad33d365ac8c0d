/** What a player may have heard beside the look: of SSH, and of the persistent volume. */

import { type Heard, NOTHING_HEARD } from "../../ops/machine/world.ts";

export const UNHEARD: Heard = NOTHING_HEARD;
export const ANSWERED: Heard = { ...UNHEARD, ssh: { status: "answered", hostname: "fcvm-metal-arm", lines: [] } };
/** A refused, or for ever failing, call on the persistent volume leaves nothing but this behind. */
/** No snapshot could be taken, and SSH has answered. */
export const UNSAVED: Heard = { ...ANSWERED, snapshotRefused: "This role is not allowed to do that" };
export const REFUSED: Heard = { ...UNHEARD, persistentRefused: "This role is not allowed to do that." };
/** Two starts on the persistent volume were taken back. */
export const START_REFUSED: Heard = { ...UNHEARD, startRefused: "Client.InternalError: Client error on launch." };
/** ssh was shown another key than is known. */
export const KEY_CHANGED: Heard = {
  ...UNHEARD,
  ssh: { status: "silent", sentence: "WARNING: it shows another host key.", final: true },
};
