"""What a loss of power leaves of a folder, by the record of everything that was done to its files.

What was synced is there. Of what was not, each write is there or not, whole or up to one of its sectors,
in any order; a name that was made, moved or removed is as it was until its folder was synced, or as it
became. What the record does not name is left as it is found."""

import pathlib

SECTOR = 512


class File:
    def __init__(self, durable=b""):
        self.durable = durable
        self.pending = []

    def sync(self):
        self.durable = applied(self.durable, self.pending)
        self.pending = []

    def remains(self, chance, keep):
        """keep is how likely each write is there that was not synced."""
        kept = []
        for deed, place, data in self.pending:
            if chance.random() >= keep:
                continue
            if deed == "write" and chance.random() < 0.3:
                data = data[:chance.randrange(len(data) // SECTOR + 1) * SECTOR]
            kept.append((deed, place, data))
        return applied(self.durable, kept)


def applied(content, deeds):
    content = bytearray(content)
    for deed, place, data in deeds:
        if deed == "cut":
            content = content[:place].ljust(place, b"\0")
        elif data:
            content = content.ljust(place, b"\0")
            content[place:place + len(data)] = data
    return bytes(content)


class Disk:
    def __init__(self, folder):
        """Of a folder where everything is synced."""
        self.folder = pathlib.Path(folder)
        self.names = {}
        for path in self.folder.iterdir():
            if path.name != "reserve":
                self.names[str(path)] = File(path.read_bytes())
        self.durable = dict(self.names)
        self.touched = set()

    def play(self, record):
        data, place = pathlib.Path(record).read_bytes(), 0
        while place < len(data):
            end = data.index(b"\n", place)
            deed, path, to, where, size = data[place:end].decode().split("\t")
            written = data[end + 1:end + 1 + int(size)]
            place = end + 1 + int(size)
            self.do(deed, path, to, int(where), written)

    def do(self, deed, path, to, where, data):
        if deed == "sync" and path == str(self.folder):
            self.durable = dict(self.names)
        elif path.endswith("-shm") or path.endswith("/reserve"):
            return
        elif deed in ("write", "cut"):
            self.touched.add(path)
            self.names.setdefault(path, File()).pending.append((deed, where, data))
        elif deed == "sync":
            if path in self.names:
                self.names[path].sync()
        else:
            self.touched |= {path, to} - {""}
            file = self.names.get(path, File())
            if deed in ("rename", "link"):
                self.names[to] = file
            if deed in ("rename", "unlink"):
                self.names.pop(path, None)

    def lose_power(self, chance, keep):
        """Makes the folder what is left of it."""
        for path in sorted(self.touched):
            names = self.names if chance.random() < keep else self.durable
            place = pathlib.Path(path)
            place.unlink(missing_ok=True)
            if path in names:
                place.touch(mode=0o600)
                place.write_bytes(names[path].remains(chance, keep))
        for path in self.folder.glob("*-shm"):
            path.unlink()
