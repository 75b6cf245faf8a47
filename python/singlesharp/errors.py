"""What can go wrong, as exceptions."""


class SingleSharpError(Exception):
    """Something that the tool refuses, with what it says about it.

    kind       as in docs/json.md: not_found, damaged, invalid_option, insufficient_memory, usage, ...
    path       the file that it is about, or None
    option     the option that it is about, by scanpy's name, or None
    exit_code  that of the tool; None where the tool was not asked
    """

    def __init__(self, message, *, kind="usage", path=None, option=None, exit_code=None):
        super().__init__(message)
        self.kind = kind
        self.path = path
        self.option = option
        self.exit_code = exit_code

    def __reduce__(self):
        # Exceptions travel between processes by their arguments, and those by keyword are no part of these.
        return _restore, (str(self), self.kind, self.path, self.option, self.exit_code)


def _restore(message, kind, path, option, exit_code):
    return SingleSharpError(message, kind=kind, path=path, option=option, exit_code=exit_code)


def cannot_honour(option, why):
    """scanpy takes the argument, SingleSharp cannot do what it asks for."""
    return SingleSharpError(f"{option}: {why}.", kind="invalid_option", option=option)
