#!/usr/bin/python3
"""Runs the SQL of a document and compares what it prints with what the document says.

usage: document_test.py FILE.md
Each ```sql block runs in order in one psql session (PGHOST, PGPORT, PGUSER, PGDATABASE). A ```text
block right after it shows the output; without one, the block must merely run without an error. A comment
`<!-- sql ... -->` is run like a block, unseen by readers: what they have already, or clean up.
Trailing spaces do not count. Prints TAP, one test for each block.
"""
import re
import subprocess
import sys

MARK = "-- end of block --"


def blocks(text):
    """Yields (line number, SQL, expected output or None)."""
    found = [(match.start(), match.end(), match[1] or "sql", match[2] if match[1] else match[3])
             for match in re.finditer(r"^```(\w+)[^\n]*\n(.*?)^```[ \t]*$|^<!-- sql\n(.*?)^-->$", text,
                                      re.M | re.S)]
    for number, (start, end, language, body) in enumerate(found):
        if language != "sql":
            continue
        expected = None
        if number + 1 < len(found):
            next_start, _, next_language, next_body = found[number + 1]
            if next_language == "text" and not text[end:next_start].strip():
                expected = next_body
        yield text.count("\n", 0, start) + 1, body, expected


def normal(output):
    return "\n".join(line.rstrip() for line in output.splitlines()).strip("\n")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tests = list(blocks(file.read()))
    if not tests:
        print("1..0 # SKIP no SQL in this document")
        return 0
    script = "".join(f"{sql}\n\\echo '{MARK}'\n" for _, sql, _ in tests)
    session = subprocess.run(["psql", "-X", "-q", "-P", "pager=off"], input=script, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    outputs = session.stdout.split(MARK + "\n")
    failures = 0
    print(f"1..{len(tests)}")
    for number, (line, _, expected) in enumerate(tests):
        output = outputs[number] if number < len(outputs) - 1 else "(psql ended before)\n" + outputs[-1]
        if expected is None:
            passed = not re.search(r"^(ERROR|FATAL|\(psql ended)", output, re.M)
        else:
            passed = normal(output) == normal(expected)
        print(f"{'ok' if passed else 'not ok'} {number + 1} - {sys.argv[1]}, line {line}")
        if not passed:
            failures += 1
            for title, text in (("expected", expected), ("printed", output)):
                if text is not None:
                    print(f"# {title}:")
                    print("".join(f"#   {row}\n" for row in normal(text).splitlines()), end="")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
