import { render, Text } from "ink";
import { useEffect, useState } from "react";
import { takeLifecycle } from "../../../tui/lifecycle.ts";

/** A program that faults as its first argument says: what the lifecycle must survive. */
function Faulty({ how }: { how: string | undefined }) {
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    if (how === "component") setTimeout(() => setBroken(true), 50);
    if (how === "timer") setTimeout(() => boom(), 50);
    if (how === "promise") void Promise.resolve().then(boom);
  }, [how]);
  if (broken) boom();
  return <Text>drawn</Text>;
}

function boom(): never {
  throw new Error("boom");
}

const lifecycle = takeLifecycle(process, (error) => `It stopped: ${(error as Error).message}.`);
lifecycle.onEnd(() => {
  process.stderr.write("ended in order\n");
});
const instance = render(<Faulty how={process.argv[2]} />, {
  alternateScreen: true,
  interactive: true,
  exitOnCtrlC: false,
});
lifecycle.setRestore(() => instance.unmount());
instance.waitUntilExit().then(
  () => lifecycle.end(0),
  (error: unknown) => lifecycle.end(70, `It stopped: ${(error as Error).message}.`),
);
setInterval(() => {}, 1000);
