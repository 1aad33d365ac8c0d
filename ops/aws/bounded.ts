/** An answer that comes to its end in good time, and is no larger than any answer of one person's account. */

import { pipeline, Transform } from "node:stream";
import { type Failure, FailureError } from "../failure.ts";

/** Bytes. The whole of a busy account is some hundred thousand; what is larger would keep the screen waiting to be read. */
const LARGEST = 4 * 1024 * 1024;

const TOO_LARGE: Failure = {
  kind: "server",
  code: "TOO_LARGE",
  sentence: "An answer from AWS was far larger than any that belongs to this account.",
  action: "Check which account is signed in to, and whether something sits between here and AWS.",
};

const TOO_SLOW: Failure = {
  kind: "offline",
  code: "ETIMEDOUT",
  sentence: "An answer from AWS began and did not come to its end.",
  action: "It is tried again by itself; check the network if it goes on.",
};

/**
 * The same bytes; ends with a FailureError where they are too many, or not all there after `limitMs`. A socket's own
 * time-out does not see an answer that comes a byte a second.
 */
export function bounded(body: NodeJS.ReadableStream, limitMs: number): Transform {
  let size = 0;
  const through = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      size += chunk.length;
      done(size > LARGEST ? new FailureError(TOO_LARGE) : null, chunk);
    },
  });
  const timer = setTimeout(() => through.destroy(new FailureError(TOO_SLOW)), limitMs);
  // Ends the body too, whichever of the two fails; who reads hears of it from `through`.
  pipeline(body, through, () => clearTimeout(timer));
  return through;
}
