import AccessModel
import Legibility

extension Dump {
  /// The mapping, one package for each group.
  func mapping() -> String {
    var text = "version: 1\npackages:\n"
    for package in packages {
      text += "  - accessPackage: { id: \(Self.quoted(package.id)) }"
      if package.group != nil { text += "  # \(Self.comment(package.name))" }
      text += "\n    entitlements:\n"
      let object =
        package.group.map { "group: \(Self.quoted($0)), adopt: true" } ?? "account: true"
      text += "      - { target: \(Self.quoted(target.rawValue)), \(object) }\n"
    }
    text += "accounts:\n  - target: \(Self.quoted(target.rawValue))\n"
    text += "    correlation: adopt\n    attributes:\n"
    for name in accountAttributes {
      text += "      \(Self.quoted(name)): \(Self.quoted("[\(Self.column(name))]"))\n"
    }
    return text
  }

  /// What the source calls an account attribute: its own names must not get in the way.
  private static func column(_ name: String) -> String {
    "account_" + String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  /// One assignment in the shape of Microsoft Graph's list.
  func record(_ assignment: (person: Int, package: Int), from start: Instant) -> String {
    let person = people[assignment.person]
    let package = packages[assignment.package]
    var subject = [("objectId", Self.quoted(person.id.rawValue))]
    if let name = person.displayName { subject.append(("displayName", Self.quoted(name))) }
    if let email = person.email { subject.append(("email", Self.quoted(email))) }
    for name in accountAttributes {
      let values = person.attributes[name, default: []].map(Self.quoted)
      if values.isEmpty { continue }
      subject.append(
        (Self.column(name), values.count == 1 ? values[0] : "[\(values.joined(separator: ","))]"))
    }
    let target = subject.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
    return "{\"id\":\(Self.quoted("\(package.id)/\(person.id)")),\"state\":\"delivered\","
      + "\"schedule\":{\"startDateTime\":\"\(start)\",\"expiration\":{\"type\":\"noExpiration\"}},"
      + "\"target\":{\(target)},"
      + "\"accessPackage\":{\"id\":\(Self.quoted(package.id)),"
      + "\"displayName\":\(Self.quoted(package.name))}}"
  }

  /// A JSON string, which is a YAML one too; whatever does not print is written as a number.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        result += "\\"
        result.unicodeScalars.append(scalar)
      case _ where !isPrintable(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    // Both formats take all of these as they are, and neither has an escape that the other knows.
    scalar.value > 0xffff || !scalar.isHidden
  }

  private static func comment(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { isPrintable($0) }))
  }
}
