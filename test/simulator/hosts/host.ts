/** One simulated machine's SSH server: listens only while told to, with the keys of the root that it booted from. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import ssh2, { type ParsedKey } from "ssh2";
import { endMarked } from "./processes.ts";
import { type Place, serveSession } from "./shell.ts";

interface Boot {
  readonly hostKey: string;
  readonly place: Place;
  /** In the environment of every program of this boot, and of no other: "NAME=value". */
  readonly mark: string;
}

/** What can go wrong on the way to a machine. */
export interface HostFaults {
  /** From now on nothing gets through in either direction, without a word: links that are open, and new ones. */
  readonly blackhole: (on: boolean) => void;
  /** Ends every open link at once, as a router that forgets it does. */
  readonly cut: () => void;
  readonly refuseKeys: (on: boolean) => void;
  /** Milliseconds until a new connection hears the server's first word. */
  readonly slowBanner: (ms: number) => void;
}

/** What becomes of a kernel that GRUB boots once (a trial): it panics, hangs, or comes up without /dev/kvm. */
export type TrialFault = "panic" | "hang" | "no-kvm";

export interface Host {
  readonly port: () => number;
  readonly up: (boot: Boot) => Promise<void>;
  /** Cuts every connection and ends every program, also those that outlived theirs; the port refuses from then on. */
  readonly down: (how: "shutdown" | "power-off") => Promise<void>;
  readonly faults: HostFaults;
}

const LOGIN = "ubuntu";

export function createHost(userKey: ParsedKey): Host {
  const sockets = new Set<Socket>();
  const programs = new Set<() => void>();
  let port = 0;
  let listener: ReturnType<typeof createServer> | undefined;
  let dark = false;
  let refusing = false;
  let bannerMs = 0;
  let mark: string | undefined;

  const silence = (socket: Socket) => {
    socket.pause();
    socket.write = () => true;
    socket.end = () => socket;
  };

  const greet = ({ hostKey, place }: Boot) => {
    const server = new ssh2.Server({ hostKeys: [hostKey], ident: "OpenSSH_9.6p1 Ubuntu-3ubuntu13.5" }, (client) => {
      client.on("error", () => {});
      client.on("authentication", (context) => {
        const ours =
          context.method === "publickey" &&
          context.username === LOGIN &&
          !refusing &&
          context.key.algo === userKey.type &&
          context.key.data.equals(userKey.getPublicSSH()) &&
          (!context.signature || (context.blob && userKey.verify(context.blob, context.signature, context.hashAlgo)));
        if (ours === true) context.accept();
        else context.reject(["publickey"]);
      });
      client.on("session", (accept) => {
        serveSession(accept(), place, (end) => {
          programs.add(end);
        });
      });
      // A port forward: the machine's own loopback is this computer's, and nothing else is within its reach.
      client.on("tcpip", (accept, reject, { destIP, destPort }) => {
        if (!/^(?:127\.0\.0\.1|localhost)$/.test(destIP)) return reject();
        const far = connect(destPort, "127.0.0.1");
        far.once("error", reject);
        far.once("connect", () => {
          far.off("error", reject);
          const channel = accept();
          channel.on("error", () => far.destroy());
          far.on("error", () => channel.end());
          channel.pipe(far).pipe(channel);
        });
      });
    });
    server.on("error", () => {});
    return (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {});
      if (dark) return silence(socket);
      setTimeout(() => {
        if (!socket.destroyed) server.injectSocket(socket);
      }, bannerMs).unref();
    };
  };

  const down: Host["down"] = async (how) => {
    const closing = listener;
    listener = undefined;
    for (const end of programs) end();
    programs.clear();
    for (const socket of sockets) socket.destroy();
    if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()));
    if (mark) await endMarked(mark, how);
    mark = undefined;
  };

  return {
    port: () => port,
    down,
    up: async (boot) => {
      await down("power-off");
      mark = boot.mark;
      const server = createServer(greet(boot));
      listener = server;
      // The same port as before wherever it is still free, so that configurations stay true.
      port = await listen(server, port).catch(() => listen(server, 0));
    },
    faults: {
      blackhole: (on) => {
        dark = on;
        if (on) for (const socket of sockets) silence(socket);
      },
      cut: () => {
        for (const socket of sockets) socket.destroy();
      },
      refuseKeys: (on) => {
        refusing = on;
      },
      slowBanner: (ms) => {
        bannerMs = ms;
      },
    },
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
