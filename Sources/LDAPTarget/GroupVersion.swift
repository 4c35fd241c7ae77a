import LDAPClient

/// Tells one state of an entry from every other, as far as its server can.
struct GroupVersion: Equatable, Sendable {
  /// What is asked for; the first that a server has is its version.
  static let attributes = exactAttributes + [timestamp, writer]

  private static let exactAttributes = ["entryCSN", "uSNChanged", "entryusn"]
  private static let (timestamp, writer) = ("modifyTimestamp", "modifiersName")

  let attribute: String
  let value: String
  /// Whether no two states share it. A time in seconds with the name of who wrote says only that
  /// somebody else did.
  let isExact: Bool

  /// `values` gives those of an attribute. `nil` if the entry shows none of them.
  init?(_ values: (String) -> [String]) {
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
  }

  /// Whether equal values mean the same state on every server of a directory, and after a restart.
  var isLasting: Bool { attribute == "entryCSN" }

  /// The guard of a write that must find this state and no other.
  var assertion: RequestControl? {
    isExact ? .assertion(.equals(attribute, value)) : nil
  }
}
