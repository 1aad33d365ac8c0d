/** Why an engine did not run a container, from its own words: one sentence, and what mends it. */

import { redactLine } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import type { ProcessOutput } from "../programs.ts";
import { type Engine, lastLine } from "./engine.ts";

interface Cause {
  /** What the engine says of it. */
  readonly words: RegExp;
  readonly action: (engine: Engine) => string;
}

const AGAIN = "then run it again.";

const CAUSES: readonly Cause[] = [
  { words: /no space left|disk quota/i, action: ({ name }) => `Run ${name} system prune, ${AGAIN}` },
  {
    words: /image not known|no such image|unable to find image|image .*not found/i,
    action: () => "Run it again: the image is built anew.",
  },
  {
    // An image of another processor's, or one whose build somebody cut.
    words: /executable file not found|exec format error|exec \S+: no such file/i,
    action: ({ name, image }) => `Run ${name} image rm --force ${image}, then run it again: the image is built anew.`,
  },
  {
    // Podman and Docker on a Mac see only what their machine is given.
    words: /statfs |mounts denied|not shared from the host|bind source path does not exist/i,
    action: ({ name }) =>
      `The engine cannot see that folder: share it with ${name === "docker" ? "Docker (its settings, File sharing)" : "Podman's machine (podman machine init --volume)"}, or move the checkout below your home, ${AGAIN}`,
  },
  {
    words: /newuidmap|newgidmap|subuid|subgid|insufficient UIDs/i,
    action: () =>
      `Run sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER and podman system migrate, ${AGAIN}`,
  },
  {
    words: /rlimit|ulimit/i,
    action: ({ name }) =>
      name === "docker"
        ? `Lower default-ulimits in /etc/docker/daemon.json, ${AGAIN}`
        : `Set default_ulimits in ~/.config/containers/containers.conf to what ulimit -Hn and ulimit -Hu say, ${AGAIN}`,
  },
  {
    words: /slirp4netns|pasta|netavark|aardvark|cni plugin/i,
    action: () => `Install Podman's network programs (sudo apt install slirp4netns netavark), ${AGAIN}`,
  },
];

/** The engine's own failures, told from the exit statuses that it keeps for itself (podman-run(1), docker run). */
export function engineFailure({ exitCode: code, stderr }: ProcessOutput, engine: Engine): FailureError | undefined {
  if (code !== 125 && code !== 126 && code !== 127) return undefined;
  const cause = CAUSES.find(({ words }) => words.test(stderr));
  return new FailureError({
    kind: "internal",
    code: `ENGINE_${code}`,
    sentence: redactLine(`${engine.name} could not run the container: ${lastLine(stderr)}`),
    // The smallest that fails alike: whoever mends that has mended ours.
    action: cause?.action(engine) ?? `Run ${engine.name} run --rm ${engine.image} true until it says nothing, ${AGAIN}`,
  });
}
