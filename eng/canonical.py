"""Writes src/Core/Concat/canonical.txt: canonical decompositions, combining classes and digits, as this Python's Unicode has them.

canonical.py > src/Core/Concat/canonical.txt
"""
import unicodedata as unicode

LETTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
HANGUL = range(0xAC00, 0xAC00 + 11172)


def ranges(numbers):
    """(first, last, value) of neighbours with one value."""
    found = []
    for code, value in numbers:
        if found and found[-1][1] == code - 1 and found[-1][2] == value:
            found[-1][1] = code
        else:
            found.append([code, code, value])
    return found


print(f"# Unicode {unicode.unidata_version}, made by eng/canonical.py of the Unicode Character Database, © Unicode, Inc. (Unicode License v3).")
print("# d: a letter and its full canonical decomposition; Hangul syllables follow a rule instead.")
for letter in LETTERS:
    whole = unicode.normalize("NFD", letter)
    if whole != letter and ord(letter) not in HANGUL:
        print("d", *(f"{ord(each):x}" for each in letter + whole))
print("# c: the first and the last of some letters, and their combining class.")
for first, last, value in ranges((ord(letter), unicode.combining(letter)) for letter in LETTERS if unicode.combining(letter)):
    print("c", f"{first:x} {last:x} {value:x}")
print("# n: the zero of ten decimal digits.")
for letter in LETTERS:
    if unicode.decimal(letter, None) == 0:
        assert all(unicode.decimal(chr(ord(letter) + i)) == i for i in range(10))
        print("n", f"{ord(letter):x}")
print("# s: other digits, which stand alone, and their value.")
for letter in LETTERS:
    if unicode.decimal(letter, None) is None and unicode.digit(letter, None) is not None:
        print("s", f"{ord(letter):x} {unicode.digit(letter):x}")
