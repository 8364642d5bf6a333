# SPDX-License-Identifier: MIT
"""Is it the right stack?  Ours against an oracle's, and against a chain that is known beforehand."""
from . import frames

BEGINNINGS = {"_start", "__clone3", "clone3", "__clone", "clone", "thread_start",
              "runtime.goexit", "runtime.rt0_go", "_rt0_amd64", "_rt0_amd64_linux", "runtime.mstart", "runtime.mcall",
              "runtime.clone", "runtime.systemstack", "_dl_start_user"}


class Told:
    """An oracle's stack, with the place of each frame; what it made up beyond the beginning is cut off."""

    def __init__(self, stack, places):
        kept = list(stack.frames)
        while len(kept) > 1 and not places.executable(kept[-1].pc):
            kept.pop()
        self.stack, self.frames = stack, kept
        self.places = [places.place(frame.pc) for frame in kept]

    def __len__(self):
        return len(self.frames)


def same_place(mine, place, innermost, moving):
    """An address, or for a caller the one before it: the call.  A thread that runs has moved on since."""
    module, address, _ = place
    if mine.offset is None:
        return mine.module == module
    if module != mine.module and not (module and mine.module and module.rsplit("/", 1)[-1] == mine.module.rsplit("/", 1)[-1]):
        return False
    if innermost and moving:
        return True
    return 0 <= address - mine.offset <= (0 if innermost else 1)


def same_name(mine, told, names, address):
    """Equal but for what tools add; or two names of one symbol.  Who has no name contradicts nobody."""
    ours, theirs = frames.plain(mine), frames.plain(told)
    if not ours or not theirs or ours == theirs:
        return True
    if theirs.startswith("_R") or "{impl#" in theirs:  # Rust: as mangled; as debug information has it
        return True
    if names is None:
        return False
    known = {frames.plain(name) for near in (address, address - 1) for name in names.at(near)}
    return ours in known and (theirs in known or theirs.split("::")[-1] in known)


def differs(ours, told, moving=False):
    """None, or the index of the first frame that is not the same."""
    for at in range(max(len(ours.frames), len(told))):
        if at >= len(ours.frames) or at >= len(told):
            return at
        place = told.places[at]
        if not same_place(ours.frames[at], place, at == 0, moving):
            return at
        if not same_name(ours.frames[at].name, told.frames[at].name, place[2], place[1]):
            return at
    return None


def same_stacks(one, other):
    """Two of ours, of the same thread asleep."""
    def places(stack):
        return [(frame.module, frame.offset, frame.name) for frame in stack.frames]
    return places(one) == places(other)


def beside(ours, told, who):
    """Two stacks in two columns, for people; the first line that differs is marked."""
    first = differs(ours, told)
    left = [str(frame) for frame in ours.frames] + [f"(ends: {ours.ends}, {ours.way})"]
    right = [str(frame) for frame in told.frames] + [f"({told.stack.said or 'the end'})"]
    width = min(max(len(line) for line in left), 70)
    lines = [f"   {'ours':{width}}  {who}"]
    from_, to = max((first or 0) - 6, 0), (first or 0) + 12
    for at in range(from_, min(max(len(left), len(right)), to)):
        mark = "->" if at == first else "  "
        lines.append(f"{mark} {(left[at] if at < len(left) else '')[:width]:{width}}  {right[at] if at < len(right) else ''}")
    return "\n".join(lines)


# ---- known chains ----------------------------------------------------------------------------

def steps(chain):
    """"park f2*3 a|b ? * main $" as a list: `a|b` is either, `?` any one frame, `*` any number, `$` the end."""
    found = []
    for word in chain.split():
        name, star, count = word.rpartition("*")
        found += [name] * int(count) if star and name and count.isdigit() else [word]
    return found


def follows(wanted, names):
    """Do the first frames bear these names?"""
    for at, word in enumerate(wanted):
        if word == "*":
            return any(follows(wanted[at + 1:], names[skip:]) for skip in range(at, len(names) + 1))
        if word == "$":
            return at == len(names)
        if at >= len(names) or word != "?" and names[at] not in word.split("|"):
            return False
    return True


def names_in(stack, twins, distrust=False):
    """What each frame is called: by its own name, else by the file it was stripped from, or that first."""
    found, exact = [], True
    for frame in stack.frames:
        name = None if distrust and _twin(frame, twins) else frames.plain(frame.name)
        if not name and frame.module in ("[jit]", "[vdso]"):
            name = frame.module
        twin = _twin(frame, twins)
        if not name and twin and frame.offset is not None:
            known = sorted(twin.at(frame.offset - (not exact)))
            name = frames.plain(known[0]) if known else None
        exact = name in ("__restore_rt", "__restore")  # what a signal interrupts is where it is
        found.append(name)
    return found


def _twin(frame, twins):
    return twins.get((frame.module or "").rsplit("/", 1)[-1])


def has_chain(chain, stack, twins=(), distrust=False):
    """One of the chains ("a b or a c") stands in it, frame behind frame, callees inside of it left out."""
    names = names_in(stack, dict(twins), distrust)
    return any(follows(steps(one), names[at:]) for one in chain.split(" or ") for at in range(len(names)))


def begins(stack, twins=()):
    """A stack that calls itself whole ends where threads begin."""
    return bool(stack.frames) and names_in(stack, dict(twins), True)[-1] in BEGINNINGS
