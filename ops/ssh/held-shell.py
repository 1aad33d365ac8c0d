"""Keeps one shell on this machine while nobody is connected; lends it to one terminal at a time. Joined by holder.ts."""

import fcntl, json, os, select, signal, socket, struct, termios, time

# Bytes that are taken in before what was taken is passed on.
AHEAD = 64 * 1024
# Seconds: a link that nothing goes over is shown to be alive; one that takes nothing is not waited for; a shell ends.
BEAT = 5
STALLED = 30
HANG_UP = 2


def marks(nonce):
    return lambda *words: ("\x1b_%s;%s\x1b\\" % (nonce, ";".join(map(str, words)))).encode()


def window(fd):
    rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    return (rows, columns)


class Holder:
    def __init__(self, name, listener, shell, master, slave, size):
        self.name = name
        self.listener = listener
        self.shell = shell
        self.master = master
        # Kept open, so that the terminal is there even while no program has it.
        self.slave = slave
        self.size = size
        self.log = Log(size)
        self.asking = []
        self.awaiting = []
        self.client = None
        self.tty = None
        self.mark = None
        self.out = bytearray()
        self.keys = bytearray()
        self.behind = False
        self.moved = self.beaten = 0.0
        self.ended = None
        self.killing = None
        os.set_blocking(master, False)
        self.woken, waker = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self):
        self.reap()
        while self.ended is None:
            self.turn()
        self.finish()

    def turn(self):
        reads = [self.listener, self.woken, *self.asking]
        writes = []
        if self.client:
            reads.append(self.client)
        if self.behind or len(self.out) < AHEAD:
            reads.append(self.master)
        if self.tty is not None:
            if len(self.keys) < AHEAD:
                reads.append(self.tty)
            if self.out or self.behind:
                writes.append(self.tty)
        if self.keys:
            writes.append(self.master)
        ready, free, _ = select.select(reads, writes, [], self.patience())
        now = time.monotonic()
        if self.tty in free:
            self.show(now)
        if self.master in free:
            self.keys = self.keys[self.put(self.master, self.keys) :]
        if self.master in ready:
            self.hear()
        if self.tty is not None and self.tty in ready:
            self.type()
        if self.client and self.client in ready:
            self.obey()
        if self.listener in ready:
            self.asking.append(self.listener.accept()[0])
        for one in [one for one in self.asking if one in ready]:
            self.asking.remove(one)
            self.answer(one)
        if self.woken in ready:
            os.read(self.woken, 512)
            self.reap()
        self.tick(now)

    def patience(self):
        if self.killing is not None:
            return 0.1
        return BEAT if self.tty is not None else None

    def tick(self, now):
        if self.killing is not None and now > self.killing:
            os.kill(self.shell, signal.SIGKILL)
        if self.tty is None:
            return
        if self.out and not self.behind and now - self.moved > STALLED:
            # Its link is dead, or its terminal does not read: what runs here goes on, and it is shown the rest at once.
            self.behind = True
            self.out.clear()
        if not self.out and not self.behind and now - self.beaten >= BEAT:
            self.beaten = now
            self.send(self.mark("beat"))

    def put(self, fd, data):
        try:
            return os.write(fd, data[:AHEAD])
        except BlockingIOError:
            return 0
        except OSError:
            if fd == self.tty:
                self.detach()
            return len(data)

    def send(self, data):
        if self.tty is None or self.behind:
            return
        if not self.out:
            self.moved = time.monotonic()
            taken = self.put(self.tty, data)
            data = data[taken:]
        if self.tty is not None:
            self.out += data

    def show(self, now):
        if self.behind:
            self.behind = False
            self.replay()
            return
        taken = self.put(self.tty, self.out)
        if taken:
            self.moved = now
            del self.out[:taken]

    def hear(self):
        # A terminal gives a few kilobytes at a time: together they cost less.
        parts = []
        try:
            while len(parts) < 8:
                parts.append(os.read(self.master, AHEAD))
        except OSError:
            pass
        data = b"".join(parts)
        if not data:
            return
        self.log.write(data)
        self.beaten = time.monotonic()
        self.send(data)

    def type(self):
        try:
            data = os.read(self.tty, AHEAD)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self.detach()
        if not self.keys:
            data = data[self.put(self.master, data) :]
        self.keys += data

    def obey(self):
        """The client says that its window has changed; its end is that of its link."""
        try:
            data = self.client.recv(64)
        except OSError:
            data = b""
        if not data:
            return self.detach()
        self.resize()

    def resize(self):
        try:
            size = window(self.tty)
        except OSError:
            return
        if size != self.size and 0 not in size:
            self.size = size
            self.log.resized(size)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def answer(self, asker):
        try:
            asker.settimeout(2)
            text, fds, _, _ = socket.recv_fds(asker, 4096, 1)
            asked = json.loads(text)
        except (OSError, ValueError):
            asker.close()
            return
        if asked["verb"] == "attach" and fds:
            return self.attach(asker, asked, fds[0])
        for fd in fds:
            os.close(fd)
        if asked["verb"] == "end" and self.killing is None:
            self.killing = time.monotonic() + HANG_UP
            for number in (signal.SIGHUP, signal.SIGCONT):
                try:
                    os.killpg(self.shell, number)
                    os.killpg(self.front(), number)
                except OSError:
                    pass
        try:
            asker.sendall(json.dumps({"attached": self.tty is not None, "title": self.title()}).encode() + b"\n")
        except OSError:
            pass
        if asked["verb"] == "end":
            # It hears of the end by our end.
            self.awaiting.append(asker)
        else:
            asker.close()

    def attach(self, client, asked, tty):
        if self.client:
            self.say({"taken": True})
            self.detach()
        os.set_blocking(tty, False)
        self.client, self.tty = client, tty
        self.mark = marks(asked["nonce"])
        self.moved = self.beaten = time.monotonic()
        self.keys.clear()
        self.replay()
        self.resize()
        if self.log.cut:
            # What draws on the whole window does so again, as what it drew at first is not kept.
            try:
                os.killpg(self.front(), signal.SIGWINCH)
            except OSError:
                pass

    def replay(self):
        self.send(b"".join([self.mark("log", self.name), *self.log.replay(self.mark), self.mark("live")]))

    def say(self, words):
        try:
            self.client.sendall(json.dumps(words).encode() + b"\n")
        except OSError:
            pass

    def detach(self):
        if self.client:
            self.client.close()
        if self.tty is not None:
            os.close(self.tty)
        self.client = self.tty = None
        self.behind = False
        self.out.clear()
        self.keys.clear()

    def front(self):
        return os.tcgetpgrp(self.master)

    def title(self):
        try:
            front = self.front()
            if front == self.shell:
                return ""
            with open("/proc/%d/cmdline" % front, "rb") as line:
                return line.read(200).replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""

    def reap(self):
        try:
            pid, status = os.waitpid(self.shell, os.WNOHANG)
        except ChildProcessError:
            pid, status = self.shell, 0
        if pid:
            self.ended = os.waitstatus_to_exitcode(status)

    def finish(self):
        """What the shell wrote last is shown before its end is told."""
        for kept in (self.name + ".socket", self.name + ".agent"):
            try:
                os.unlink(kept)
            except OSError:
                pass
        os.close(self.slave)
        last = time.monotonic() + HANG_UP
        while self.tty is not None and time.monotonic() < last:
            if not self.out:
                try:
                    # A program in the background may keep it open, and silent.
                    data = os.read(self.master, AHEAD) if select.select([self.master], [], [], 0.1)[0] else b""
                except OSError:
                    break
                if not data:
                    break
                self.send(data)
            elif select.select([], [self.tty], [], 0.1)[1]:
                self.show(time.monotonic())
        if self.client:
            self.say({"exit": self.ended if self.ended >= 0 else 128 - self.ended})
