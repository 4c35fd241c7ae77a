"""Checks docs/RELIABILITY.md against the tests: check-reliability.py DOCUMENT TESTFOLDER [TABLE…].

Every test that the document names exists; every invariant that it lists has a test whose name begins
with its number, or names at least one other; and every number that a test begins with is listed.
Each TABLE is a document whose tables with the head "test" name tests in their last column; they exist.
Prints each breach and ends with 1 if there is any.
"""
import re
import sys
from pathlib import Path


def named_tests(document):
    """The tests in the last column of the tables that have "test" there."""
    is_ours = False
    for line in Path(document).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            is_ours = False
        elif cells[-1] == "test":
            is_ours = True
        elif is_ours:
            yield from re.findall(r"`([^`]+)`", cells[-1])


def main(document, folder, *tables):
    text = Path(document).read_text()
    tests = set()
    for file in Path(folder).rglob("*.swift"):
        tests.update(re.findall(r"func `([^`]+)`", file.read_text()))
    numbered = {}
    for test in tests:
        match = re.match(r"((?:[RLGCTAS]\d+ ?)+):", test)
        for number in match[1].split() if match else ():
            numbered.setdefault(number, []).append(test)

    breaches = []
    listed = set()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        named = re.findall(r"`([^`]+)`", cells[-1])
        if re.fullmatch(r"[RLGCTAS]\d+", cells[0]):
            listed.add(cells[0])
            if not numbered.get(cells[0]) and not named:
                breaches.append(f"{cells[0]}: no test begins with its number, and none is named")
        elif not line.startswith("| incident"):
            continue
        breaches += [f"{cells[0]}: there is no test `{name}`" for name in named if name not in tests]
    breaches += [f"{number}: not in {document}: `{numbered[number][0]}`"
                 for number in sorted(set(numbered) - listed)]
    breaches += [f"{table}: there is no test `{name}`"
                 for table in tables for name in named_tests(table) if name not in tests]
    print("\n".join(breaches), file=sys.stderr, end="\n" if breaches else "")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main(*sys.argv[1:])
