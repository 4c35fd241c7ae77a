"""demo-assignments.py SOURCE TARGET SECONDS

Copies the demo's assignments and lets one of them, Dmitri Sokolov's only one, end SECONDS from
now. Prints that instant.
"""

import datetime
import json
import sys

SHORT = "asn-06"

source, target, seconds = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    reading = json.load(file)
now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
end = (now + datetime.timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")
(assignment,) = [a for a in reading["value"] if a["id"] == SHORT]
assignment["schedule"]["expiration"]["endDateTime"] = end
with open(target, "w", encoding="utf-8") as file:
    json.dump(reading, file, ensure_ascii=False, indent=2)
print(end)
