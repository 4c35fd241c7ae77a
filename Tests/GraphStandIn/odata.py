"""The OData that Graph understands of a list: $filter, $expand and $select."""

import copy
import re

# What is a navigation property, and so is left out unless it is expanded.
NAVIGATION = {
    "assignments": {"target": "subjects", "accessPackage": "accessPackages", "assignmentPolicy": "policies"},
    "assignmentRequests": {"accessPackage": "accessPackages", "assignment": "assignments", "requestor": "subjects"},
    "accessPackages": {"catalog": "catalogs"},
    "subjects": {"connectedOrganization": "organizations"},
}
# What a user has without $select.
USER_DEFAULT = ["id", "displayName", "givenName", "surname", "mail", "userPrincipalName",
                "businessPhones", "jobTitle", "mobilePhone", "officeLocation", "preferredLanguage"]

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<punct>[(),])|(?P<word>[^\s(),']+))")


def clone(row):
    """Another assignment like this one, of another id."""
    twin = copy.deepcopy(row)
    twin["id"] = "00000000" + row["id"][8:]
    return twin


def project(row, kind, query):
    if kind == "users":
        names = [name for name in query.get("$select", "").split(",") if name] or USER_DEFAULT
        return {"id": row["id"], **{name: row.get(name) for name in names}}
    expanded = parse_expand(query.get("$expand", ""))
    navigation = NAVIGATION.get(kind, {})
    result = {}
    for name, value in row.items():
        if name not in navigation:
            result[name] = value
        elif name in expanded or "*" in expanded:
            result[name] = value and project(value, navigation[name], {"$expand": expanded.get(name, "")})
    return result


def parse_expand(text):
    """`target($expand=a),b` as {"target": "a", "b": ""}."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    expanded = {}
    for part in filter(None, parts):
        name, _, options = part.partition("(")
        nested = re.search(r"\$expand=(.*)\)$", options + ("" if options else ")"))
        expanded[name] = nested[1] if nested else ""
    return expanded


def compile_filter(text):
    tokens, position = [], 0
    while position < len(text.rstrip()):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError(text[position:])
        tokens.append(match[match.lastgroup])
        position = match.end()
    parser = Parser(tokens)
    condition = parser.disjunction()
    if parser.tokens:
        raise ValueError(" ".join(parser.tokens))
    return condition


class Parser:
    def __init__(self, tokens):
        self.tokens = tokens

    def take(self):
        if not self.tokens:
            raise ValueError("it ends too early")
        return self.tokens.pop(0)

    def at(self, word):
        return bool(self.tokens) and self.tokens[0].lower() == word

    def disjunction(self):
        parts = [self.conjunction()]
        while self.at("or"):
            self.take()
            parts.append(self.conjunction())
        return lambda row: any(part(row) for part in parts)

    def conjunction(self):
        parts = [self.comparison()]
        while self.at("and"):
            self.take()
            parts.append(self.comparison())
        return lambda row: all(part(row) for part in parts)

    def comparison(self):
        if self.at("("):
            self.take()
            inner = self.disjunction()
            if self.take() != ")":
                raise ValueError("a parenthesis is not closed")
            return inner
        path, operator, literal = self.take(), self.take().lower(), self.take()
        value = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
        compare = {
            "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ge": lambda a, b: a >= b,
            "gt": lambda a, b: a > b, "le": lambda a, b: a <= b, "lt": lambda a, b: a < b,
        }.get(operator)
        if compare is None:
            raise ValueError(operator)
        return lambda row: compare(look_up(row, path), value.lower())


def look_up(row, path):
    for name in path.split("/"):
        row = next((value for key, value in (row or {}).items() if key.lower() == name.lower()), None)
    return ("true" if row else "false") if isinstance(row, bool) else str(row or "").lower()
