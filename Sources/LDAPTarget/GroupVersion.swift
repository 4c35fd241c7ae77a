import AccessModel
import LDAPClient

/// Tells one state of an entry from every other, as far as its server can.
struct GroupVersion: Equatable, Sendable {
  /// What is asked for; the first that a server has is its version.
  static let attributes = exactAttributes + [timestamp, writer]

  private static let csn = "entryCSN"
  private static let exactAttributes = [csn, "uSNChanged", "entryusn"]
  private static let (timestamp, writer) = ("modifyTimestamp", "modifiersName")

  let attribute: String
  let value: String
  /// Whether no two states share it. A time in seconds with the name of who wrote says only that
  /// somebody else did.
  let isExact: Bool
  /// When the entry was last changed, by the server's clock. A number that a server counts up is no
  /// time: after a restore it is given again.
  let changedAt: Instant?

  /// `values` gives those of an attribute. `nil` if the entry shows none of them.
  init?(_ values: (String) -> [String]) {
    changedAt =
      values(Self.csn).first.flatMap(Self.time(ofCSN:))
      ?? values(Self.timestamp).first.flatMap { Instant(generalizedTime: $0) }
    for attribute in Self.exactAttributes {
      if let value = values(attribute).first {
        (self.attribute, self.value, isExact) = (attribute, value, true)
        return
      }
    }
    guard let time = values(Self.timestamp).first else { return nil }
    attribute = Self.timestamp
    value = ([time] + values(Self.writer)).joined(separator: " ")
    isExact = false
  }

  init(exact attribute: String, _ value: String) {
    (self.attribute, self.value, isExact) = (attribute, value, true)
    changedAt = attribute == Self.csn ? Self.time(ofCSN: value) : nil
  }

  static func == (left: Self, right: Self) -> Bool {
    (left.attribute, left.value, left.isExact) == (right.attribute, right.value, right.isExact)
  }

  /// `20270112090000.123456Z#000000#000#000000`: the time comes first.
  private static func time(ofCSN csn: String) -> Instant? {
    csn.split(separator: "#").first.flatMap { Instant(generalizedTime: String($0)) }
  }

  /// Whether equal values mean the same state on every server of a directory, and after a restart.
  var isLasting: Bool { attribute == Self.csn }

  /// The guard of a write that must find this state of the group with this immutable id, and no other.
  ///
  /// It lets pass what is not that group: slapd's overlay memberof writes the members' entries with the
  /// controls of the request that it follows, and says nothing when a guard stops it there. Their
  /// `memberOf` would then outlive the membership.
  func guardian(of group: String, _ immutableID: String) -> RequestControl? {
    guard isExact else { return nil }
    return .assertion(.or([.equals(attribute, value), .not(.equals(immutableID, group))]))
  }
}
