"""What an attachment, a list and an end run on the machine, in the folder of its shells' sockets. Joined by holder.ts."""

import fcntl, json, os, re, select, signal, socket, struct, sys, termios, time


def connect(name):
    """The holder of that shell, or none where there is none any more."""
    conversation = socket.socket(socket.AF_UNIX)
    try:
        conversation.settimeout(5)
        conversation.connect(name + ".socket")
        return conversation
    except FileNotFoundError:
        pass
    except ConnectionRefusedError:
        for kept in (name + ".socket", name + ".agent"):
            try:
                os.unlink(kept)
            except OSError:
                pass
    except OSError:
        pass
    conversation.close()
    return None


def living():
    """All shells here with what they say of themselves, the newest first."""
    found = []
    names = [one[:-7] for one in os.listdir(".") if re.fullmatch(r"\d{9,11}-\d+\.socket", one)]
    for name in sorted(names, key=lambda one: int(one.split("-")[0]), reverse=True):
        holder = connect(name)
        if not holder:
            continue
        try:
            holder.sendall(b'{"verb":"state"}')
            found.append((name, json.loads(holder.makefile().readline())))
        except (OSError, ValueError):
            # Busy or of another version: it lives all the same.
            found.append((name, {"attached": False, "title": ""}))
        holder.close()
    return found


def choose(want, known):
    if want == "new":
        return None
    if want != "newest":
        return want
    free = [(state["attached"], at, name) for at, (name, state) in enumerate(living()) if name not in known]
    return min(free)[2] if free else None


def begin(attributes, size):
    """Starts a holder with a shell, which outlive us, and gives its name."""
    name = "%d-%d" % (time.time(), os.getpid())
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o077)
    listener.bind(name + ".new")
    listener.listen(8)
    # Whole at once: a socket that nobody listens on would be taken for one that was left behind.
    os.rename(name + ".new", name + ".socket")
    os.umask(mask)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        listener.close()
        return name
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        master, slave = os.openpty()
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        agent = os.path.abspath(name + ".agent") if "SSH_AUTH_SOCK" in os.environ else None
        shell = os.fork()
        if not shell:
            become_shell(slave, agent)
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        for fd in range(3, 256):
            if fd not in (master, slave, listener.fileno()):
                try:
                    os.close(fd)
                except OSError:
                    pass
        for number in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        Holder(name, listener, shell, master, slave, size).run()
    finally:
        os._exit(0)


def become_shell(slave, agent):
    """As sshd starts one: a login shell, in its home, after the message of the day."""
    try:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        for name in ("OLDPWD", "PWD", "SHLVL", "_"):
            os.environ.pop(name, None)
        os.environ["SSH_TTY"] = os.ttyname(0)
        if agent:
            os.environ["SSH_AUTH_SOCK"] = agent
        shell = os.environ.get("SHELL") or "/bin/sh"
        home = os.environ.get("HOME") or "/"
        try:
            os.chdir(home)
        except OSError:
            os.chdir("/")
        if not os.path.exists(os.path.join(home, ".hushlogin")):
            root = os.environ.get("SNOWGLOBE_ROOT", "")
            for path in (root + "/run/motd.dynamic", root + "/etc/motd"):
                try:
                    with open(path, "rb") as message:
                        text = message.read(64 * 1024)
                    while text:
                        text = text[os.write(1, text) :]
                except OSError:
                    pass
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(shell, ["-" + os.path.basename(shell)])
    except OSError as error:
        os.write(2, ("snowglobe: no shell: %s\r\n" % error).encode())
    finally:
        os._exit(127)


def attach(nonce, want, *known):
    """Lends our terminal to a shell until it ends or somebody else takes it. Says on descriptor 4 how it ended."""
    mark = marks(nonce)
    attributes = termios.tcgetattr(0)
    size = window(0)
    if 0 in size:
        size = (24, 80)
    name = choose(want, known)
    holder = connect(name) if name else None
    word = "held"
    if not holder:
        word = "new"
        name = begin(attributes, size)
        holder = connect(name)
    agent = os.environ.get("SSH_AUTH_SOCK")
    if agent:
        # Of its own name: one that was killed between the two leaves its own behind, and stands in nobody's way.
        fresh = "%s.agent.%d" % (name, os.getpid())
        try:
            os.symlink(agent, fresh)
            os.rename(fresh, name + ".agent")
        except OSError:
            pass
    raw = [0, 0, termios.CS8 | (attributes[2] & ~termios.CSIZE), 0, attributes[4], attributes[5], list(attributes[6])]
    raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGWINCH, lambda *_: None)
    os.write(1, mark(word, name))
    termios.tcsetattr(0, termios.TCSADRAIN, raw)
    socket.send_fds(holder, [json.dumps({"verb": "attach", "nonce": nonce}).encode()], [0])
    holder.settimeout(None)
    os.close(0)
    said = b""
    while b"\n" not in said:
        ready, _, _ = select.select([holder, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            holder.sendall(b"w")
        if holder in ready:
            data = holder.recv(4096)
            if not data:
                break
            said += data
    words = json.loads(said.split(b"\n")[0]) if said else {"exit": 1}
    os.set_blocking(1, True)
    os.write(1, mark("taken" if "taken" in words else "ended"))
    os.write(4, str(words.get("exit", 0)).encode())


def end(name):
    """Ends a shell as a terminal that goes away does, and by force where it does not go; waits for it."""
    holder = connect(name)
    if not holder:
        return
    holder.settimeout(HANG_UP + 5)
    holder.sendall(b'{"verb":"end"}')
    while holder.recv(4096):
        pass


def show():
    for name, state in living():
        title = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", state["title"])
        print("held", name, int(state["attached"]), title)


if __name__ == "__main__":
    try:
        {"attach": attach, "end": end, "list": show}[sys.argv[1]](*sys.argv[2:])
    except Exception as error:
        sys.exit("snowglobe: %s" % error)
