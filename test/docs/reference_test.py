#!/usr/bin/python3
"""Everything that the extension makes has a comment and is named in docs/reference.md.

Creates the extension in an empty database (PGHOST, PGPORT, PGUSER, PGDATABASE). Prints TAP.
"""
import re
import subprocess
import sys

# kind, name as a reader would look it up, whether it has a comment
THINGS = """
SELECT split_part(pg_describe_object(classid, objid, 0), ' ', 1),
       CASE classid
           WHEN 'pg_proc'::regclass THEN (SELECT proname FROM pg_proc WHERE oid = objid)
           WHEN 'pg_operator'::regclass THEN (SELECT oprname FROM pg_operator WHERE oid = objid)
           WHEN 'pg_cast'::regclass THEN
               (SELECT format('%s AS %s', s.typname, t.typname) FROM pg_cast
                JOIN pg_type AS s ON s.oid = castsource JOIN pg_type AS t ON t.oid = casttarget
                WHERE pg_cast.oid = objid)
           ELSE (pg_identify_object(classid, objid, 0)).name END,
       obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) <> ''
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'knowhow')
  -- Types that come with a table, or as the array of another, are members since PostgreSQL 17.
  AND NOT (classid = 'pg_type'::regclass AND EXISTS (
      SELECT FROM pg_type LEFT JOIN pg_class ON pg_class.oid = typrelid
      WHERE pg_type.oid = objid AND (typcategory = 'A' OR relkind <> 'c')))
UNION ALL
SELECT 'setting', name, short_desc <> '' FROM pg_settings WHERE name LIKE 'knowhow.%'
UNION ALL
SELECT 'parameter', name, description <> '' FROM knowhow.known_parameters()
UNION ALL
SELECT 'column', attname, true FROM pg_attribute
WHERE attrelid IN ('knowhow.recommenders'::regclass, 'knowhow.models'::regclass,
                   'knowhow.training_runs'::regclass, 'knowhow.training_progress'::regclass) AND attnum > 0
UNION ALL
SELECT 'argument', name, true FROM pg_proc, unnest(proargnames) AS name
WHERE pronamespace = 'knowhow'::regnamespace
ORDER BY 1, 2
"""


def rows(sql):
    session = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"],
                             input=sql, text=True, stdout=subprocess.PIPE, check=True)
    return [tuple(line.split("\t")) for line in session.stdout.splitlines()]


def main():
    with open("docs/reference.md", encoding="utf-8") as file:
        text = file.read()
    # The library's settings are known once it is loaded.
    things = rows("CREATE EXTENSION knowhow; DO 'BEGIN PERFORM knowhow.text_version(); END';" + THINGS)
    # Inside code only, so that a word of the prose stands for nothing.
    code = " ".join(re.findall(r"^```.*?^```|`[^`\n]+`", text, re.M | re.S))

    def named(name):
        return re.search(r"(?<![\w<>=&+*#-])" + re.escape(name) + r"(?![\w<>=&+*#-])", code)

    # Sequences of identity columns take their comments and names from their tables.
    things = sorted({thing for thing in things if thing[0] != "sequence"})
    faults = [f"{kind} {name} has no comment" for kind, name, comment in things if comment != "t"]
    faults += [f"{kind} {name} is not named" for kind, name, _ in things if not named(name)]
    print("1..1")
    print(f"{'not ok' if faults else 'ok'} 1 - {len(things)} things have comments and are named")
    for fault in faults:
        print(f"# {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
