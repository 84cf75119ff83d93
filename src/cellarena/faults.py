"""Faults that the command line tells apart by exit code; everything else is a built-in exception."""


class PartialError(Exception):
    """Some of what was asked for is done; the message names the items that are not (exit code 3)."""


class IntegrityError(Exception):
    """Bytes differ from what was promised: a hash, a size, a read-back (exit code 4)."""


class SecurityError(Exception):
    """An input asks for something that is refused on principle, such as a path outside its folder (exit code 5)."""
