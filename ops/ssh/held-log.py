"""What a shell has written, as far as it is kept: its newest, and what a terminal was told in what is not kept any more."""

import collections, re

KEPT = 512 * 1024
PART = 1024


class Modes:
    """What a terminal was told in output that is not kept any more: by it, what is kept is drawn as it was."""

    # Colours, which floods are full of, are looked at by themselves.
    SEQUENCE = re.compile(
        rb"\x1b(?!\[[\d;:]*m)(?:\[([?<=>]?)([\d;:]*)([ !]?)([hlmpqru])|\](\d+)(?:;([^\x07\x1b]*))?(?:\x07|\x1b\\)"
        rb"|([()])([0AB])|([=>c]))"
    )
    STYLE = re.compile(rb"\x1b\[[\d;:]*m")
    LONGEST = 4096
    # More are told by nothing but noise, as of a binary file that is looked at.
    MOST = 200

    def __init__(self):
        self.told = {}
        self.style = []
        self.keys = []
        self.rest = b""

    def take(self, dropped):
        data = self.rest + dropped
        self.rest = b""
        if b"\x1b" not in data:
            return
        end = cleared = 0
        for found in self.SEQUENCE.finditer(data):
            end = found.end()
            if self.note(found):
                cleared = end
        self.restyle(data, cleared)
        begun = data.rfind(b"\x1b", end)
        # The two bytes that end a string are no beginning of another sequence.
        if begun > 0 and data[begun : begun + 2] == b"\x1b\\":
            begun = data.rfind(b"\x1b", end, begun)
        if begun >= 0 and len(data) - begun < self.LONGEST and not re.match(rb"\x1b\[[\d;:?<=>]*[ !]?[@-~]", data[begun:]):
            self.rest = data[begun:]

    def keep(self, name, text):
        self.told.pop(name, None)
        if len(text) > self.LONGEST:
            return
        self.told[name] = text
        if len(self.told) > self.MOST:
            del self.told[next(iter(self.told))]

    def restyle(self, data, cleared):
        """Of the styles those that count: none before the last that begins anew."""
        begin = max(data.rfind(b"\x1b[0m", cleared), data.rfind(b"\x1b[m", cleared))
        if begin >= 0:
            self.style.clear()
        for text in self.STYLE.findall(data, max(begin, cleared))[-16:]:
            if re.match(rb"\x1b\[0*[;m]", text):
                self.style.clear()
            self.style = self.style[-15:] + [text]

    def note(self, found):
        """Says whether everything is as at the beginning after it."""
        text = found.group(0)
        prefix, params, between, final, osc, value, _, charset, single = found.groups()
        if single == b"c" or (between == b"!" and final == b"p"):
            self.told.clear()
            self.style.clear()
            self.keys.clear()
            return True
        if single:
            self.keep("keypad", text)
        elif charset:
            self.keep("charset" + chr(text[1]), text)
        elif osc:
            self.string(osc, value or b"", text)
        elif final in b"hl" and not between:
            for mode in params.split(b";"):
                self.keep(prefix + mode, b"\x1b[" + prefix + mode + final)
        elif final == b"m" and prefix == b">":
            self.keep("other keys", text)
        elif final == b"u" and prefix == b"<":
            del self.keys[-max(1, int(params[:2])) if params.isdigit() else -1 :]
        elif final == b"u" and prefix:
            self.keys = self.keys[-15:] + [text]
        elif (final == b"r" and not prefix) or (final == b"q" and between == b" "):
            self.keep(final, text)
        return False

    def string(self, osc, value, text):
        number = int(osc[:4])
        if number in (0, 2):
            self.keep("title", text)
        elif number == 4:
            self.keep(b"colour" + value.split(b";")[0], text)
        elif number in (10, 11, 12):
            self.keep(number, text)
        elif number == 104:
            for name in [one for one in self.told if isinstance(one, bytes) and one.startswith(b"colour")]:
                del self.told[name]
        elif number in (110, 111, 112):
            self.told.pop(number - 100, None)

    def replay(self):
        return b"".join([*self.told.values(), *self.keys, *self.style, self.rest])


class Log:
    """The newest of what the shell has written, and the sizes that its window had meanwhile."""

    def __init__(self, size):
        self.size = size
        self.parts = collections.deque()
        self.length = 0
        self.modes = Modes()
        self.cut = False

    def write(self, data):
        fresh = len(data)
        # What is typed comes back by the letter, and a letter by itself takes fifty times its room.
        if self.parts and not isinstance(self.parts[-1], tuple) and len(self.parts[-1]) + len(data) <= PART:
            data = self.parts.pop() + data
        self.parts.append(data)
        self.length += fresh
        while self.length > KEPT:
            part = self.parts.popleft()
            if isinstance(part, tuple):
                self.size = part
                continue
            self.cut = True
            self.length -= len(part)
            self.modes.take(part)

    def resized(self, size):
        if self.parts and isinstance(self.parts[-1], tuple):
            self.parts.pop()
        self.parts.append(size)

    def replay(self, mark):
        yield mark("size", *self.size)
        yield self.modes.replay()
        for part in self.parts:
            yield mark("size", *part) if isinstance(part, tuple) else part
