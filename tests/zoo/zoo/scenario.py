# SPDX-License-Identifier: MIT
"""What a scenario is: one row, declared; and what the tools must say of it."""
import dataclasses
import typing

WEDGES = frozenset(("cpu-spin", "stuck-ipc", "deadlock", "idle-wedge", "blocked-io", "stopped", "starved"))
WELL = frozenset(("idle", "progressing"))
CERTAIN = frozenset(("likely", "proved"))
ANY_CERTAINTY = frozenset(("unsure", "likely", "proved"))

# Whoever may look: see programs/viewer.c.
ROOT, USER, YAMA, CONTAINER = "root", "user", "yama", "container"
VIEWERS = (ROOT, USER, YAMA, CONTAINER)


@dataclasses.dataclass(frozen=True)
class Expect:
    """What a right report says.

    An empty set means: not told.  More than one class stands here only where the facts
    honestly allow both; the row's comment then says why.
    """
    classes: frozenset
    causes: frozenset = frozenset()
    certainty: frozenset = CERTAIN
    culprits: tuple = ()        # Role names; any of them is right.
    victims: tuple = ()         # Role names that must be among the victims.
    also: tuple = ()            # Further findings that must be there: (class, culprit role).
    gap: bool = False           # At least one gap must be named.
    healthy: bool = False       # Nothing may be likely or proved as wedged; exit status 0 or 3.


def wedged(classes, causes="", culprit="", certainty="", victims="", also=(), gap=False):
    """Words apart by blanks: wedged("stuck-ipc", "not-consuming", "server")."""
    return Expect(frozenset(classes.split()), frozenset(causes.split()),
                  frozenset(certainty.split()) or CERTAIN, tuple(culprit.split()),
                  tuple(victims.split()), tuple(also), gap)


def idle(causes="", culprit=""):
    """Sleeps, and the kernel sees nothing wrong: exit status 0."""
    return Expect(frozenset(("idle",)), frozenset(causes.split()), ANY_CERTAINTY, tuple(culprit.split()), healthy=True)


def healthy(classes="idle progressing", unsure=""):
    """Not wedged; classes in unsure may be said too, but never as likely or proved."""
    return Expect(frozenset(classes.split()) | frozenset(unsure.split()), frozenset(), ANY_CERTAINTY, healthy=True)


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    about: str                       # One line: what happens there in real life.
    start: tuple                     # Program and arguments; {python} {programs} {dir} are filled in.
    expect: Expect
    truth: tuple = ()                # Checks of truth.py: all must hold, twice, before and once after.
    targets: tuple = ("top",)        # Role names handed to wedgecheck.
    options: tuple = ()              # Options of wedgecheck.
    viewers: tuple = (ROOT,)
    unlike: dict = dataclasses.field(default_factory=dict)  # viewer -> Expect, where it sees less.
    root: bool = False               # The programs themselves must be root.
    account: str = ""                # Whose it is (and who the ordinary viewers are), where a name is needed.
    alone: bool = False              # Sensitive to CPU load: nothing runs beside it.
    cgroup: str = ""                 # A control group to start in: "freezer", "cpu", "memory".
    needs: tuple = ()                # Callables: None, or why this machine cannot.
    setup: typing.Callable = None    # setup(stage) before the start; may add to stage.undo.
    after: typing.Callable = None    # after(stage) once all roles are known (stop it, kill it ...).
    twin: tuple = ()                 # The same program, well: the truth must *not* come true.
    awaits: tuple = ()               # Further roles that must have spoken before after() runs.
    settle: float = 12.0             # Seconds until the truth must hold.
    limit: float = 20.0              # Seconds until wedgecheck must have ended.
    env: dict = dataclasses.field(default_factory=dict)

    @property
    def kind(self):
        return "healthy" if self.expect.healthy else "wedged"

    def expected_of(self, viewer):
        """Class and culprit stay, unless the row says otherwise.

        An ordinary user cannot search strangers for further holders: nothing is proved, all
        the rest stays.  Nor does a container's filter hide a system call.  Scope 1 does: who
        waits for whom is then inferred, so that victims may be missing and certainty is lower.
        """
        if viewer in self.unlike:
            return self.unlike[viewer]
        if viewer == YAMA and not self.expect.healthy:
            return dataclasses.replace(self.expect, certainty=ANY_CERTAINTY, victims=())
        if viewer in (USER, CONTAINER) and "proved" in self.expect.certainty:
            return dataclasses.replace(self.expect, certainty=self.expect.certainty | {"likely"})
        return self.expect


def python(program, *arguments):
    return ("{python}", "{programs}/" + program, *arguments)


def shell(script, interpreter="dash"):
    return (interpreter, "-c", script)


def program(name, *arguments):
    return ("{programs}/" + name, *arguments)
