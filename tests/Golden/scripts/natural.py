"""Labels, and the order in which natsort puts them, as JSON; natural.py SEED.

"all" is a hash of the decomposition of every letter that this Python knows, one after another.
"""
import hashlib
import json
import random
import sys
import unicodedata

from natsort import natsorted
from natsort.unicode_numbers import digits

LETTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def is_known(letter):
    """Digits that natsort has not heard of make it fail."""
    return unicodedata.category(letter) != "Cn" and (unicodedata.digit(letter, None) is None or letter in digits)


KNOWN = [letter for letter in LETTERS if is_known(letter)]
MARKS = [letter for letter in KNOWN if unicodedata.combining(letter)]
DIGITS = [letter for letter in KNOWN if unicodedata.digit(letter, None) is not None]
COMPOSED = [letter for letter in KNOWN if unicodedata.decomposition(letter)]


def label(chance):
    kinds = ["abAB", "0123456789", "éèäöüßÅ", MARKS, DIGITS, COMPOSED, KNOWN, "½Ⅷ한글- _.", "\u0065\u0301"]
    return "".join(chance.choice(chance.choice(kinds)) for _ in range(chance.randrange(7)))


chance = random.Random(int(sys.argv[1]))
labels = sorted({label(chance) for _ in range(4000)} | {"", "2", "02", "²", "2²", "é2", "e\u03012", "e2", "f1", "\u0661", "\u06610"})
decomposed = {text: unicodedata.normalize("NFD", text) for text in labels}
json.dump(
    {
        "order": natsorted(labels),
        "decomposed": decomposed,
        "all": hashlib.sha256("\n".join(unicodedata.normalize("NFD", letter) for letter in LETTERS).encode()).hexdigest(),
    },
    sys.stdout,
)
