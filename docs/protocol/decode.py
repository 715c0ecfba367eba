#!/usr/bin/env python3
"""Prints the frames of a mirror channel, one direction of it, as JSON lines.

    decode.py < stream

It is written from docs/PROTOCOL.md and needs the standard library only. When the
stream begins with a snapshot it also keeps home's copy, and says of each Check
whether the copy agrees.
"""

import json
import sys

M64 = (1 << 64) - 1

LIMITS = {1: 256, 2: 256, 3: 4096, 4: 1048560, 5: 1048560, 6: 256, 8: 2048, 9: 256, 10: 256, 11: 65536, 12: 1048560}

CBOR_BODIES = {  # type: name, {key: (name, value when missing)}
    1: ("hello", {1: ("version", 0), 2: ("epoch", 0), 3: ("seq", 0)}),
    2: ("welcome", {1: ("version", 0), 2: ("epoch", 0), 3: ("cover", False)}),
    3: ("refuse", {1: ("version", 0), 2: ("code", 0), 3: ("text", "")}),
    6: ("ack", {1: ("frames", 0)}),
    8: ("interest", {1: ("level", 0), 2: ("open", [])}),
    9: ("check", {1: ("seq", 0), 2: ("sum", 0)}),
    10: ("resync", {}),
}


class Bad(Exception):
    """What no honest sender sends."""


def need(ok, what):
    if not ok:
        raise Bad(what)


def signed(v):
    """Wraps a number around at 64 bits."""
    v &= M64
    return v - (1 << 64) if v >> 63 else v


def divide(a, b):
    """Divides, rounding towards zero."""
    return a // b if a >= 0 else -(-a // b)


def within(v, low, high):
    return min(max(v, low), high)


# Frames


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


CRC = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def frames(stream):
    """Yields the type and the body of each frame."""
    number = 0

    def take(n):
        data = stream.read(n)
        need(len(data) == n, "cut within a frame")
        return data

    while head := stream.read(1):
        kind = head[0]
        need(kind in LIMITS, f"a frame of type {kind}")
        length = shift = 0
        while True:
            byte = take(1)[0]
            length |= (byte & 127) << shift
            need(length <= LIMITS[kind] and shift < 21 and not (shift and byte == 0), "a length")
            shift += 7
            if byte < 128:
                break
        body = take(length)
        total = int.from_bytes(take(4), "little")
        need(total == crc32c(number.to_bytes(8, "little") + head + body), "a wrong sum")
        number += 1
        yield kind, body


# CBOR


def cbor(body):
    value, at = cbor_item(body, 0, 0)
    need(at == len(body) and isinstance(value, dict), "not one map")
    return value


def cbor_item(data, at, depth):
    need(at < len(data) and depth <= 4, "CBOR cut short or too deep")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        need(info in (20, 21), "CBOR of a kind that is not used")
        return info == 21, at
    n = info
    if info >= 24:
        need(info <= 27, "CBOR of indefinite length")
        size = 1 << info - 24
        need(at + size <= len(data), "CBOR cut short")
        n = int.from_bytes(data[at : at + size], "big")
        at += size
    if major == 0:
        return n, at
    if major in (2, 3):
        need(at + n <= len(data), "CBOR cut short")
        piece = data[at : at + n]
        return (piece.hex() if major == 2 else utf8(piece)), at + n
    if major == 4:
        need(n <= 64, "a long array")
        array = []
        for _ in range(n):
            item, at = cbor_item(data, at, depth + 1)
            array.append(item)
        return array, at
    need(major == 5 and n <= 64, "CBOR of a kind that is not used")
    pairs = {}
    for _ in range(n):
        key, at = cbor_item(data, at, depth + 1)
        need(not isinstance(key, (list, dict)) and key not in pairs, "a key")
        pairs[key], at = cbor_item(data, at, depth + 1)
    return pairs, at


def utf8(data):
    try:
        return bytes(data).decode("utf-8")
    except UnicodeDecodeError as err:
        raise Bad("text that is not UTF-8") from err


# Range coder and models


class Coder:
    def __init__(self, body):
        self.body = body
        self.at = 0
        self.range = 0xFFFFFFFF
        self.code = 0
        for _ in range(4):
            self.code = self.code << 8 | self.next()

    def next(self):
        self.at += 1
        return self.body[self.at - 1] if self.at <= len(self.body) else 0

    def normalise(self):
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = (self.code << 8 | self.next()) & 0xFFFFFFFF

    def bit(self, p):
        bound = (self.range >> 16) * p
        if self.code < bound:
            self.range = bound
            b = 0
        else:
            self.range -= bound
            self.code -= bound
            b = 1
        self.normalise()
        return b

    def raw(self, n):
        v = 0
        while n > 0:
            k = min(n, 16)
            n -= k
            self.range >>= k
            d = min(self.code // self.range, (1 << k) - 1)
            self.code -= d * self.range
            self.normalise()
            v = v << k | d
        return v

    def in_time(self):
        need(self.at <= len(self.body) + 4, "a body cut short")

    def end(self):
        self.in_time()
        need(self.at >= len(self.body), "a body with something behind it")


class Bit:
    __slots__ = ("fast", "slow", "seen")

    def __init__(self):
        self.fast = self.slow = 32768
        self.seen = 0

    def get(self, c):
        b = c.bit(within((self.fast + self.slow) // 2, 32, 65504))
        self.seen = min(self.seen + 1, 7)
        target = 0 if b else 65535
        self.fast += (target - self.fast) >> min(self.seen, 4)
        self.slow += (target - self.slow) >> self.seen
        return b


def bits(n):
    return [Bit() for _ in range(n)]


class Tree:
    def __init__(self, k):
        self.k = k
        self.bits = bits(1 << k)

    def get(self, c, k=None):
        k = self.k if k is None else k
        node = 1
        for _ in range(k):
            node = node * 2 + self.bits[node].get(c)
        return node - (1 << k)


class Uint:
    def __init__(self):
        self.length = Tree(6)
        self.upper = [Tree(2) for _ in range(64)]

    def get(self, c):
        n = self.length.get(c)
        if n <= 1:
            return n
        k = min(n - 1, 2)
        v = (1 << k) + self.upper[n].get(c, k)
        return v << n - 1 - k | c.raw(n - 1 - k)


class Int:
    def __init__(self):
        self.size = Uint()
        self.sign = bits(64)

    def get(self, c):
        v = self.size.get(c)
        if v == 0:
            return 0
        return -v if self.sign[v.bit_length()].get(c) else v


LOGISTIC = [
    1, 2, 4, 6, 10, 17, 27, 45, 74, 120, 194,
    311, 488, 747, 1102, 1546, 2048, 2550, 2994, 3349, 3608, 3785,
    3902, 3976, 4022, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095,
]  # fmt: skip


def squash(x):
    if x > 2047:
        return 4095
    if x < -2047:
        return 1
    at, rest = (x + 2048) >> 7, (x + 2048) & 127
    return (LOGISTIC[at] * (128 - rest) + LOGISTIC[at + 1] * rest + 64) >> 7


def stretch_table():
    table, x = [], -2047
    for p in range(4096):
        while squash(x) < p:
            x += 1
        table.append(x)
    return table


STRETCH = stretch_table()


def mix(v, i):
    return (v + i + 1) * 0x9E3779B97F4A7C15 >> 32 & 0xFFFFFFFF


class Text:
    def __init__(self):
        self.length = Uint()
        self.tables = [[32768] * 65536 for _ in range(6)]
        self.weights = [[16384] * 6 for _ in range(256)]

    def get(self, c, limit):
        n = self.length.get(c)
        need(n <= limit, "a text that is too long")
        out = bytearray()
        before = word = 0
        for _ in range(n):
            hashes = [mix(before << 64 - 8 * k & M64, i) for i, k in enumerate((1, 2, 3, 4, 6))]
            hashes.append(mix(word << 8 | before & 255, 5))
            node = 1
            for _ in range(8):
                node = node * 2 + self.bit(c, hashes, node)
            byte = node - 256
            out.append(byte)
            before = (before << 8 | byte) & M64
            lower = byte + 32 if 65 <= byte <= 90 else byte
            if 97 <= lower <= 122 or 48 <= lower <= 57 or lower >= 128:
                word = (word + lower + 1) * 0x2F0B4C47 & 0xFFFFFFFF
            else:
                word = 0
            c.in_time()
        return utf8(out)

    def bit(self, c, hashes, node):
        weight = self.weights[node]
        at = [((h + node * 0x9E3779B1) & 0xFFFFFFFF) >> 16 for h in hashes]
        told = [STRETCH[self.tables[i][at[i]] >> 4] for i in range(6)]
        one = squash(sum(weight[i] * told[i] for i in range(6)) >> 16)
        b = c.bit(65536 - 16 * one)
        target = 4095 if b else 0
        miss = (target - one) * 7
        for i in range(6):
            weight[i] += (told[i] * miss + 512) >> 10
            t = self.tables[i][at[i]]
            self.tables[i][at[i]] = t + ((16 * target - t) >> 4)
        return b


class Words:
    """Texts that come again as they are."""

    def __init__(self, text):
        self.text = text
        self.fresh = Bit()
        self.at = Uint()
        self.list = []
        self.bytes = 0

    def get(self, c, limit):
        if self.fresh.get(c):
            s = self.text.get(c, limit)
            n = len(s.encode())
            if len(self.list) < 1024 and self.bytes <= 65536 - n:
                self.list.append(s)
                self.bytes += n
            return s
        n = self.at.get(c)
        need(n < len(self.list) and len(self.list[n].encode()) <= limit, "an unknown word")
        return self.list[n]


class Lists:
    """Lists of announce URLs that come again as they are."""

    def __init__(self, text):
        self.words = Words(text)
        self.fresh, self.at, self.count = Bit(), Uint(), Uint()
        self.list = []
        self.bytes = 0

    def get(self, c):
        if not self.fresh.get(c):
            n = self.at.get(c)
            need(n < len(self.list), "an unknown list")
            return self.list[n]
        n = self.count.get(c)
        need(n <= 32, "too many trackers")
        urls = [self.words.get(c, 2048) for _ in range(n)]
        size = sum(len(u.encode()) for u in urls)
        if len(self.list) < 1024 and self.bytes <= 65536 - size:
            self.list.append(urls)
            self.bytes += size
        return urls


class Numbers:
    """Numbers with names that mostly are what they were last."""

    def __init__(self, names, ranges):
        self.ranges = ranges
        self.last = dict.fromkeys(names, 0)
        self.has = {f: Bit() for f in names}
        self.by = Int()

    def get(self, c):
        for f, bit in self.has.items():
            if bit.get(c):
                self.last[f] = signed(self.last[f] + self.by.get(c))
        for f, v in self.last.items():
            low, high = self.ranges.get(f, (0, I32))
            need(low <= v <= high, "a number beyond its limits")
        return dict(self.last)


class Sets:
    """Options of torrents that come again as they are."""

    def __init__(self):
        self.numbers = Numbers(OPTIONS, OPTION_RANGES)
        self.fresh, self.at = Bit(), Uint()
        self.list = []

    def get(self, c):
        if not self.fresh.get(c):
            n = self.at.get(c)
            need(n < len(self.list), "unknown options")
            return self.list[n]
        o = self.numbers.get(c)
        if len(self.list) < 1024:
            self.list.append(o)
        return o


# The body of a Snapshot or Delta

FIELDS = (
    "name status error size left metadata checked rate_down rate_up downloaded uploaded "
    "peers peers_sending peers_getting web_seeds added done queue labels "
    "dir total files private finished active seeded options trackers"
).split()
REST_ORDER = (
    "status error size metadata checked added done queue labels name "
    "total files private finished active seeded dir options trackers"
).split()
WITHOUT_NUMBER = ("name", "labels", "dir", "options", "trackers")
MOVE_ORDER = "downloaded left uploaded rate_down rate_up peers peers_sending peers_getting web_seeds".split()
COUNTERS = ("left", "downloaded", "uploaded")
OPTIONS = (
    "down_limit down_limited up_limit up_limited unbound priority peer_limit ratio_mode ratio_limit idle_mode idle_limit sequential"
).split()
SETTING_TRUTHS = (
    "down_limited up_limited alt_scheduled ratio_limited idle_limited down_queue_enabled seed_queue_enabled stalled_enabled "
    "random_port port_forwarding dht pex lpd utp use_incomplete start_added rename_partial delete_torrents blocklist_enabled"
).split()
SETTINGS = (
    "down_limit up_limit alt_down alt_up ratio_limit alt_begin alt_end idle_limit down_queue seed_queue stalled_minutes "
    "peer_limit torrent_peer_limit peer_port cache_mb blocklist_size alt_days"
).split() + SETTING_TRUTHS
SETTING_TEXTS = {"encryption": 1024, "download_dir": 4096, "incomplete_dir": 4096, "blocklist_url": 2048}
HOST = "disk_total disk_free mem_total mem_used net_down net_up uptime".split()

I32, I63 = (1 << 31) - 1, (1 << 63) - 1
MOST = dict.fromkeys(FIELDS, I63)
MOST.update(dict.fromkeys(("peers", "peers_sending", "peers_getting", "web_seeds", "queue", "files"), I32))
MOST.update(status=255, error=255, metadata=10000, checked=10000, private=1, finished=1)
SPAN = 3153600000000

WIDE = dict.fromkeys("down_limit up_limit alt_down alt_up ratio_limit".split(), (0, I63))
OPTION_RANGES = WIDE | dict.fromkeys("down_limited up_limited unbound sequential".split(), (0, 1))
OPTION_RANGES |= {"priority": (-1, 1), "ratio_mode": (0, 2), "idle_mode": (0, 2)}
SETTING_RANGES = WIDE | dict.fromkeys(SETTING_TRUTHS, (0, 1)) | {"alt_days": (0, 127)}


def step(r):
    e = max(r.bit_length() - 6, 0)
    return 32 * e + (signed(r + ((1 << e) >> 1)) >> e)


def rate(s):
    if s < 64:
        return max(s, 0)
    s = min(s, 1887)
    e = s // 32 - 1
    return (s - 32 * e) << e


def magnitude(r):
    return min(r.bit_length() // 2, 15)


class Slot:
    def __init__(self, name):
        self.hash = name
        self.value = dict.fromkeys(FIELDS, 0)
        self.known = set()
        self.recent = set()
        self.phase = 0
        self.past = []  # while it moves: (sample, downloaded, uploaded), the newest last

    def moves(self):
        return self.value["rate_down"] != 0 or self.value["rate_up"] != 0


class News:
    """What the bodies of a channel have taught, from a Snapshot on."""

    def __init__(self):
        self.fresh, self.live, self.has_session, self.has_host, self.whole = bits(5)
        self.sample_model, self.age, self.seq_model = Int(), Uint(), Uint()
        self.rpc, self.alt, self.hosts = Int(), Bit(), [Int() for _ in range(8)]
        self.sample = self.pace = self.seq = 0
        self.host = dict.fromkeys(HOST, 0)

        self.moved = bits(2)
        self.kind = Tree(3)
        self.steps, self.rest = bits(3), bits(3)
        self.has = [{f: bits(2) for f in FIELDS} for _ in range(3)]
        self.zero = {f: Bit() for f in FIELDS}
        self.first_models = {f: Int() for f in FIELDS}
        self.last = dict.fromkeys(FIELDS, 0)
        self.step_models = {"rate_down": Int(), "rate_up": Int()}
        self.move = [[Int() for _ in range(16)] for _ in range(5)]
        self.blocks, self.block = Bit(), Int()
        self.other = {f: Int() for f in FIELDS}
        self.count = Uint()
        self.minute = {"active": Bit(), "seeded": Bit()}
        self.text = Text()
        self.words, self.dirs = Words(self.text), Words(self.text)
        self.trackers, self.options = Lists(self.text), Sets()
        self.has_settings, self.settings = Bit(), Numbers(SETTINGS, SETTING_RANGES)

        self.slots = []  # None for one that was given back
        self.free = []

    def hashes(self):
        return {s.hash for s in self.slots if s}

    def decode(self, body):
        c = self.c = Coder(body)
        out = self.out = {}
        self.bytes = 0
        passed = self.freshness()
        self.move_on(within(passed, 0, 10000))
        out["live"] = self.live.get(c) == 1
        if self.has_session.get(c):
            out["session"] = self.session()
        if self.has_host.get(c):
            out["host"] = self.host_told()
        if self.has_settings.get(c):
            out["settings"] = self.settings.get(c)
            for f in SETTING_TRUTHS:
                out["settings"][f] = out["settings"][f] == 1
            for f, limit in SETTING_TEXTS.items():
                out["settings"][f] = self.dirs.get(c, limit)
        out["changes"], out["removed"] = [], []
        self.moving_rows()
        self.other_rows()
        self.remember()
        if self.whole.get(c):
            self.seq = (self.seq + self.seq_model.get(c)) & M64
            out["seq"] = self.seq
        c.end()
        return out

    def freshness(self):
        if not self.fresh.get(self.c):
            return 0
        new = signed(self.sample + self.pace + self.sample_model.get(self.c))
        age = self.age.get(self.c)
        need(-SPAN <= new <= SPAN and age <= SPAN, "a time beyond its limits")
        passed = new - self.sample
        self.pace, self.sample = within(passed, 0, 10000), new
        self.out["sample"], self.out["age"] = new, age
        return passed

    def move_on(self, ms):
        for s in self.slots:
            if not s or not s.moves():
                continue
            v = s.value
            down = min(v["rate_down"], 1 << 40) * ms // 1000
            up = min(v["rate_up"], 1 << 40) * ms // 1000
            if v["downloaded"] <= 1 << 62:
                v["downloaded"] += down
            if v["uploaded"] <= 1 << 62:
                v["uploaded"] += up
            if v["left"] > 0:
                v["left"] = max(v["left"] - down, 1)

    def remember(self):
        for s in self.slots:
            if s and s.moves():
                s.past = s.past[-7:] + [(self.sample, s.value["downloaded"], s.value["uploaded"])]
            elif s:
                s.past = []

    def expected(self, s, f):
        """What a rate should be, from what has come or gone lately."""
        counter, i = ("downloaded", 1) if f == "rate_down" else ("uploaded", 2)
        if counter in self.told:
            for then in reversed(s.past):
                ms = self.sample - then[0]
                if ms >= 1750:
                    gain = self.new[counter] - then[i]
                    if 0 <= gain <= 3600 << 40:
                        return gain * 1000 // ms
                    break
        return s.value[f]

    def session(self):
        c = self.c
        s = {"daemon": c.raw(8), "daemon_text": self.words.get(c, 1024), "version": self.words.get(c, 1024)}
        s["rpc_version"] = self.rpc.get(c)
        s["alt_speed"] = self.alt.get(c) == 1
        need(0 <= s["rpc_version"] <= I32, "a number beyond its limits")
        return s

    def host_told(self):
        for i, f in enumerate(HOST):
            self.host[f] = signed(self.host[f] + self.hosts[i].get(self.c))
            need(self.host[f] >= 0, "a number beyond its limits")
        cpu = self.hosts[7].get(self.c)
        need(0 <= cpu <= 10000, "a number beyond its limits")
        return dict(self.host, cpu=cpu)

    def moving_rows(self):
        for s in [s for s in self.slots if s and s.moves()]:
            texts = {}
            if self.moved[1 if s.recent else 0].get(self.c):
                texts = self.row(s, 0)
            else:
                s.recent = set()
            self.emit(s, s.recent | {f for f in COUNTERS if f in s.known}, texts)

    def other_rows(self):
        rows = 0
        while kind := self.kind.get(self.c):
            rows += 1
            need(rows <= 16384, "too many rows")
            if kind == 1:
                s = self.slots[self.slot()]
                texts = self.row(s, 1)
                self.emit(s, s.recent, texts)
            elif kind == 2:
                need(len(self.slots) - len(self.free) < 200000, "too many torrents")
                s = Slot(self.hash())
                if self.free:
                    self.slots[self.free.pop()] = s
                else:
                    self.slots.append(s)
                texts = self.row(s, 2)
                self.emit(s, s.recent, texts)
            elif kind == 3:
                i = self.slot()
                self.out["removed"].append(self.slots[i].hash)
                self.slots[i] = None
                self.free.append(i)
            elif kind == 4:
                self.out["removed"].append(self.hash())
            else:
                raise Bad("a row of an unknown kind")

    def slot(self):
        need(self.slots, "a row of an unknown slot")
        i = self.c.raw((len(self.slots) - 1).bit_length())
        need(i < len(self.slots) and self.slots[i], "a row of an unknown slot")
        return i

    def hash(self):
        return bytes(self.c.raw(8) for _ in range(20)).hex()

    def row(self, s, cl):
        """Reads a row into the slot and returns its texts."""
        c = self.c
        self.new, self.told = {}, set()
        steps = self.steps[cl].get(c)
        if self.rest[cl].get(c):
            for f in REST_ORDER:
                self.field(s, cl, f, steps)
        for f in MOVE_ORDER:
            self.field(s, cl, f, steps)
        texts = {}
        if "labels" in self.told:
            n = self.count.get(c)
            need(n <= 64, "too many labels")
            texts["labels"] = [self.words.get(c, 256) for _ in range(n)]
        if "error" in self.told:
            texts["error_text"] = self.words.get(c, 1024)
        if "name" in self.told:
            texts["name"] = self.text.get(c, 4096)
        if "dir" in self.told:
            texts["dir"] = self.dirs.get(c, 4096)
        if "options" in self.told:
            texts["options"] = self.options.get(c)
        if "trackers" in self.told:
            texts["trackers"] = self.trackers.get(c)
        for f in self.told:
            need(0 <= self.new[f] <= MOST[f], "a number beyond its limits")
            s.value[f] = self.new[f]
        if "left" in self.told:
            s.phase = self.new["left"] % 16384
        s.known |= self.told
        s.recent = self.told
        lists = texts.get("labels", []) + texts.get("trackers", [])
        for t in (texts.get("name", ""), texts.get("error_text", ""), texts.get("dir", ""), *lists):
            self.bytes += len(t.encode())
        need(self.bytes <= 1048576, "too much text")
        c.in_time()
        return texts

    def field(self, s, cl, f, steps):
        if not self.has[cl][f][1 if f in s.recent else 0].get(self.c):
            return
        if f in WITHOUT_NUMBER:
            self.new[f] = 0
        elif f not in s.known:
            self.new[f] = self.first(s, f)
        else:
            self.new[f] = signed(self.change(s, f, steps))
        self.told.add(f)

    def have(self, s, f):
        if f in self.told:
            return self.new[f]
        return s.value[f] if f in s.known else 0

    def first(self, s, f):
        if self.zero[f].get(self.c):
            return 0
        base = 0
        if f in ("left", "downloaded", "total"):
            base = self.have(s, "size")
        elif f == "done":
            base = self.have(s, "added")
        elif f == "seeded" and self.have(s, "status") == 6:
            base = self.have(s, "done")
        elif f in ("added", "queue", "metadata", "active"):
            base = self.last[f]
        if f in self.minute and self.minute[f].get(self.c):
            self.last[f] = signed(60 * (divide(base, 60) + self.first_models[f].get(self.c)))
        else:
            self.last[f] = signed(base + self.first_models[f].get(self.c))
        return self.last[f]

    def change(self, s, f, steps):
        c, held = self.c, s.value[f]
        down, up = magnitude(s.value["rate_down"]), magnitude(s.value["rate_up"])
        if f in self.step_models and steps:
            return rate(signed(step(held) + self.step_models[f].get(c)))
        if f in self.step_models:
            base = self.expected(s, f)
            return base + self.move[0 if f == "rate_down" else 1][magnitude(base)].get(c)
        if f == "downloaded":
            return held + self.move[2][down].get(c)
        if f == "uploaded":
            return held + self.move[3][up].get(c)
        if f == "left":
            return self.left(s, held, down)
        return held + self.other[f].get(c)

    def left(self, s, base, down):
        if "downloaded" in self.told:
            base = signed(base - (self.new["downloaded"] - s.value["downloaded"]))
        if self.blocks.get(self.c):
            near = divide(signed(base - s.phase), 16384)
            return s.phase + 16384 * (near + self.block.get(self.c))
        return base + self.move[4][down].get(self.c)

    def emit(self, s, fields, texts):
        if not fields:
            return
        change = {"hash": s.hash}
        for f in FIELDS:
            if f in fields and f not in WITHOUT_NUMBER:
                change[f] = s.value[f]
        self.out["changes"].append(change | texts)


# The body of a Detail

HEAD_NUMBERS = "private created have unchecked wasted seeding downloading active".split()
LISTS = (  # name, at most, texts with their bytes, numbers
    ("head", 1, {"comment": 1024, "creator": 1024, "dir": 4096}, HEAD_NUMBERS),
    ("files", 20000, {"name": 4096}, "size have wanted priority".split()),
    ("peers", 1000, {"address": 128, "client": 128, "flags": 128}, "progress rate_down rate_up how".split()),
    ("trackers", 256, {"announce": 2048, "result": 1024}, "tier state failed seeders leechers next".split()),
)
TRUTHS = ("private", "wanted", "failed")
RANGES = {"priority": (-1, 1), "progress": (0, 10000), "how": (0, 7), "tier": (0, I32), "state": (0, 3)}
RANGES |= {"seeders": (-1, I32), "leechers": (-1, I32)} | dict.fromkeys(TRUTHS, (0, 1))


class Place:
    def __init__(self, name):
        self.hash = name
        self.lists = [[], [], [], []]
        self.count = self.size = 0
        self.pieces = None  # which are here, when that is known


class Details:
    def __init__(self):
        self.places = [None] * 32
        self.fresh, self.gone, self.whole, self.differ = bits(4)
        self.age, self.list, self.text = Uint(), Tree(3), Text()
        self.count, self.first = [Uint() for _ in LISTS], [Uint() for _ in LISTS]
        self.more, self.told = bits(4), bits(4)
        self.texts = [{t: Bit() for t in kind[2]} for kind in LISTS]
        self.has = [{n: Bit() for n in kind[3]} for kind in LISTS]
        self.numbers = [{n: Int() for n in kind[3]} for kind in LISTS]
        self.grid, self.piece = [Int(), Int()], bits(4)

    def decode(self, body):
        c = self.c = Coder(body)
        self.bytes = 0
        i = c.raw(5)
        if self.fresh.get(c):
            self.places[i] = Place(bytes(c.raw(8) for _ in range(20)).hex())
        place = self.places[i]
        need(place, "a detail of a torrent that was never named")
        out = {"hash": place.hash, "age": self.age.get(c)}
        need(out["age"] <= SPAN, "a time beyond its limits")
        out["gone"] = self.gone.get(c) == 1
        if not out["gone"]:
            for _ in range(6):
                kind = self.list.get(c)
                if kind == 4:
                    break
                need(kind < 4, "a list of an unknown kind")
                self.records(place, kind)
            need(kind == 4, "too many lists")
            out["whole"] = self.whole.get(c) == 1
            if out["whole"]:
                self.pieces_told(place)
                out |= self.describe(place)
        c.end()
        return out

    def records(self, place, kind):
        c, (_, most, texts, numbers) = self.c, LISTS[kind]
        n = self.count[kind].get(c)
        need(n <= most, "a list beyond its limits")
        records = place.lists[kind]
        del records[n:]
        while len(records) < n:
            records.append(dict.fromkeys(texts, "") | dict.fromkeys(numbers, 0))
        i = self.first[kind].get(c)
        while self.more[kind].get(c):
            need(i < n, "more records than the list has")
            record = records[i]
            i += 1
            if not self.told[kind].get(c):
                continue
            for t, limit in texts.items():
                if self.texts[kind][t].get(c):
                    record[t] = self.text.get(c, limit)
                    self.bytes += len(record[t].encode())
            for f in numbers:
                if self.has[kind][f].get(c):
                    record[f] = signed(record[f] + self.numbers[kind][f].get(c))
            need(self.bytes <= 1048576, "too much text")
            c.in_time()

    def pieces_told(self, place):
        c = self.c
        if not self.differ.get(c):
            return
        place.count += self.grid[0].get(c)
        place.size = signed(place.size + self.grid[1].get(c))
        need(0 <= place.count <= 1048576 and place.size >= 0, "pieces beyond their limits")
        held, place.pieces = place.pieces or [], None
        if c.raw(1):
            place.pieces, before = [], 0
            for i in range(place.count):
                old = held[i] if i < len(held) else 0
                before = self.piece[2 * old + before].get(c)
                place.pieces.append(before)
                c.in_time()

    @staticmethod
    def describe(place):
        out = {}
        for (name, _, _, numbers), records in zip(LISTS, place.lists):
            clean = []
            for record in records:
                for f in numbers:
                    low, high = RANGES.get(f, (0, I63))
                    need(low <= record[f] <= high, "a number beyond its limits")
                clean.append({f: v == 1 if f in TRUTHS else v for f, v in record.items()})
            out[name] = clean
        for head in out.pop("head"):
            out |= head
        for f in out["files"]:
            need(f["have"] <= f["size"], "a number beyond its limits")
        for p in out["peers"]:
            how = p.pop("how")
            p |= {"incoming": how & 1 != 0, "encrypted": how & 2 != 0, "utp": how & 4 != 0}
        flags = "".join(map(str, place.pieces or []))
        flags += "0" * (-len(flags) % 8)
        have = bytes(int(flags[i : i + 8], 2) for i in range(0, len(flags), 8))
        out["pieces"] = {"count": place.count, "size": place.size, "have": have.hex()}
        return out


# Home's copy


class Sum:
    def __init__(self, kind):
        self.c = kind

    def word(self, *numbers):
        for v in numbers:
            h = ((self.c << 5 | self.c >> 59) ^ v) & M64
            h ^= h >> 33
            h = h * 0xFF51AFD7ED558CCD & M64
            h ^= h >> 33
            h = h * 0xC4CEB9FE1A85EC53 & M64
            self.c = h ^ h >> 33
        return self

    def bytes(self, data):
        self.word(len(data))
        for i in range(0, len(data), 8):
            self.word(int.from_bytes(data[i : i + 8], "little"))
        return self


class Copy:
    """Home's copy of a box, from a Snapshot on."""

    def __init__(self):
        self.torrents = {}
        self.session = {"daemon": 0, "daemon_text": "", "version": "", "rpc_version": 0, "alt_speed": False}
        self.host = dict.fromkeys(HOST + ["cpu"], 0)
        self.settings = dict.fromkeys(SETTINGS, 0) | dict.fromkeys(SETTING_TEXTS, "")
        self.sums = {}
        self.seq = None

    def apply(self, news):
        for change in news["changes"]:
            t = self.torrents.get(change["hash"])
            if t is None:
                need(len(change) == len(FIELDS) + 2, "some fields of a torrent that is not there")
                t = self.torrents[change["hash"]] = {}
            t.update(change)
            self.sums.pop(change["hash"], None)
        for h in news["removed"]:
            self.torrents.pop(h, None)
            self.sums.pop(h, None)
        self.session = news.get("session", self.session)
        self.host = news.get("host", self.host)
        self.settings = news.get("settings", self.settings)
        self.seq = news.get("seq")

    def checksum(self):
        for h, t in self.torrents.items():
            if h not in self.sums:
                self.sums[h] = self.torrent(t)
        s, h = self.session, self.host
        session = Sum(2).word(s["daemon"]).bytes(s["daemon_text"].encode()).bytes(s["version"].encode())
        session.word(s["rpc_version"], int(s["alt_speed"]))
        host = Sum(3).word(*(h[f] for f in "disk_total disk_free mem_total mem_used cpu net_down net_up uptime".split()))
        settings = Sum(4).word(*(int(self.settings[f]) for f in SETTINGS))
        for f in SETTING_TEXTS:
            settings.bytes(self.settings[f].encode())
        return (sum(self.sums.values()) + session.c + host.c + settings.c) & M64

    @staticmethod
    def torrent(t):
        s = Sum(1).bytes(bytes.fromhex(t["hash"])).bytes(t["name"].encode())
        s.word(t["status"], t["error"]).bytes(t["error_text"].encode())
        s.word(*(t[f] for f in FIELDS[3:18]), len(t["labels"]))
        for label in t["labels"]:
            s.bytes(label.encode())
        s.bytes(t["dir"].encode()).word(*(t[f] for f in FIELDS[20:26]), *(t["options"][f] for f in OPTIONS))
        s.word(len(t["trackers"]))
        for url in t["trackers"]:
            s.bytes(url.encode())
        return s.c


def main():
    news, details, copy = News(), Details(), None
    for kind, body in frames(sys.stdin.buffer):
        if kind == 11:
            continue
        if kind in (4, 5):
            if kind == 4:
                news, copy = News(), Copy()
            told = news.decode(body)
            out = {"type": "snapshot" if kind == 4 else "delta"} | told
            if copy:
                copy.apply(told)
        elif kind == 12:
            out = {"type": "detail"} | details.decode(body)
        else:
            pairs = cbor(body)
            name, keys = CBOR_BODIES[kind]
            out = {"type": name} | {n: pairs.get(key, missing) for key, (n, missing) in keys.items()}
            if kind == 9 and copy:
                out["agrees"] = copy.seq == out["seq"] and copy.checksum() == out["sum"]
        print(json.dumps(out, ensure_ascii=False))


if __name__ == "__main__":
    try:
        main()
    except Bad as err:
        sys.exit(f"malformed: {err}")
