"""Which channels of an image are used: all, up to three, or those that somebody chose."""

from collections.abc import Sequence

from cellarena.images.picture import Choice

MOST = 3
GREY = ("grey",)
RGB = ("red", "green", "blue")
SEPARATOR = ";"
"""Between the names of an image's channels in a manifest."""
_LONGEST = 100


def names_of(n: int, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a name for each of n channels: those given, numbers from 1 for those that have none or only digits.

    Names that are digits would pass for numbers of other channels.
    """
    if n == 1 and not any(given):
        return GREY
    named = [_in_a_table(name) for name in given] if len(given) == n else [""] * n
    return tuple(name if name and not name.isdigit() else str(number) for number, name in enumerate(named, start=1))


def _in_a_table(name: str) -> str:
    """Return a name as a cell of a table can hold it beside others: on one line, short, without the mark between."""
    shown = "".join(letter if letter.isprintable() and letter != SEPARATOR else " " for letter in name)
    return " ".join(shown.split())[:_LONGEST]


def plain_names(n: int) -> tuple[str, ...]:
    """Return the names of n channels of which nothing is said: three are colours."""
    return RGB if n == len(RGB) else names_of(n)


def chosen(names: Sequence[str], choice: Choice) -> list[int]:
    """Return the numbers, from 0, of the channels to use of those that have these names, alpha aside.

    Those of `choice` are names, whatever their case, or numbers counted from 1.

    Raises:
        ValueError: if there are more than three and none is chosen, or one that is chosen is not there or twice.
    """
    there = {name.casefold() for name in names}
    known = (kind for kind in choice.learnt if _has_own_names(kind) and {name.casefold() for name in kind} <= there)
    wanted = choice.channels or next(known, ())
    if not wanted and len(names) > MOST:
        raise ValueError(
            f"has {len(names)} channels ({listing(names)}); name the one to use, or those that become red, green "
            "and blue, in acquire.channels (segment: --channels)"
        )
    return [_number(name, names) for name in wanted] or list(range(len(names)))


def refuse_unlearnt(names: Sequence[str], choice: Choice) -> None:
    """Do nothing if a model can make sense of the channels of these names: grey and RGB stand for one another.

    Channels that somebody chose are taken at their word, but not their number.

    Raises:
        ValueError: if the model learnt from others; both are named.
    """
    plain = {kind for kind in choice.learnt if not _has_own_names(kind)}
    numbers = {len(kind) for kind in choice.learnt} | {n for kind in plain for n in (1, len(kind))}
    if not choice.learnt or (len(names) in numbers and (choice.channels or len(names) == 1)):
        return
    folded = tuple(name.casefold() for name in names)
    if folded in {tuple(name.casefold() for name in kind) for kind in choice.learnt}:
        return
    if not choice.channels and not _has_own_names(names) and plain:
        return
    kinds = " or ".join(sorted(", ".join(kind) for kind in choice.learnt))
    raise ValueError(
        f"its channels are {', '.join(names)}, but the model learnt from {kinds}; name those that are the same with "
        "--channels"
    )


def _has_own_names(names: Sequence[str]) -> bool:
    """Return whether channels are other than what every grey or colour image has."""
    return tuple(names) not in {GREY, RGB}


def _number(asked: str, names: Sequence[str]) -> int:
    found = [number for number, name in enumerate(names) if name.casefold() == asked.casefold()]
    if not found and asked.isdigit() and 1 <= int(asked) <= len(names):
        found = [int(asked) - 1]
    if len(found) != 1:
        how_many = "several channels are called" if found else "lacks the channel"
        raise ValueError(
            f"{how_many} {asked!r}; it has {listing(names)}: change acquire.channels (segment: --channels)"
        )
    return found[0]


def listing(names: Sequence[str]) -> str:
    """Return channels as people can name them: `1 DAPI, 2 GFP`, or `1, 2` without names."""
    numbered = enumerate(names, start=1)
    return ", ".join(str(number) if name == str(number) else f"{number} {name!r}" for number, name in numbered)
