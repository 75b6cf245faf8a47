"""Ctrl-C waits where it would leave something half done."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def held_back(impatient=None):
    """What asks Python to end is heard after the block; impatient is called with how often it was said so far."""
    # Python hears signals in its first thread alone.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard, former = [], {}

    def hear(number, _frame):
        heard.append(number)

        if impatient is not None:
            impatient(len(heard))

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Those that Python does not handle end it at once, or never.
            if callable(signal.getsignal(number)):
                former[number] = signal.signal(number, hear)

        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

    if heard:
        signal.raise_signal(heard[0])
