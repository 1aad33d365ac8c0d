/** What the simulator's own tests share. */

import type { Simulator } from "./simulator.ts";

/** Configuration of an SDK client that is signed in to the simulator; one attempt, so that every error is seen. */
export function signedClient(simulator: Simulator, maxAttempts = 1) {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = simulator.signedInEnv;
  return {
    region: "us-west-1",
    endpoint: simulator.url,
    maxAttempts,
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionToken: AWS_SESSION_TOKEN,
    },
  };
}
