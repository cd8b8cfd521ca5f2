"""Server-sent events as a model endpoint sends them: bytes in, the data of whole events out."""

from chatkit_host.errors import ModelOutputInvalid

DONE = b"[DONE]"

_BOM = b"\xef\xbb\xbf"
_LONGEST_LINE = 32 * 1024 * 1024


class SseDecoder:
    """Splits a byte stream into events: lines end in CR, LF or CRLF, and a read may end anywhere in one."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._ended_in_cr = False
        self._at_start = True

    @property
    def is_between_events(self) -> bool:
        """Nothing is held back: what comes next begins an event."""
        return not (self._at_start or self._pieces or self._data or self._ended_in_cr)

    def feed(self, read: bytes) -> list[bytes]:
        """The data of every event that ends in this read; comments, names and ids are dropped."""
        if self._ended_in_cr and read.startswith(b"\n"):
            read = read[1:]
            self._ended_in_cr = False
        if not read:
            return []
        if b"\r" in read:
            self._ended_in_cr = read.endswith(b"\r")
            read = read.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            self._ended_in_cr = False
        if b"\n" not in read:
            self._hold(read)
            return []
        lines = (b"".join((*self._pieces, read)) if self._pieces else read).split(b"\n")
        self._pieces.clear()
        self._size = 0
        if last := lines.pop():
            self._hold(last)
        return self._events(lines)

    def finish(self) -> list[bytes]:
        """An event whose lines are whole but whose blank line never came; half a line is not an event."""
        return self._events([b""])

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > _LONGEST_LINE:
            raise ModelOutputInvalid

    def _events(self, lines: list[bytes]) -> list[bytes]:
        if self._at_start:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_BOM)
        events: list[bytes] = []
        data = self._data
        for line in lines:
            if not line:
                if data:
                    events.append(data[0] if len(data) == 1 else b"\n".join(data))
                    data.clear()
            elif line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line == b"data":
                data.append(b"")
        return events
