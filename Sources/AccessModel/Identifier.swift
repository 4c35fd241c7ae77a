import Glibc

/// A name that one kind of thing goes by, compared byte for byte.
///
/// `==` on `String` is canonical equivalence, so composed and decomposed `é` are one dictionary key.
/// Two identifiers that differ in bytes are two identities; an `Identifier` therefore hashes, equates
/// and sorts by its UTF-8 bytes. The phantom `Kind` keeps an account key from passing as a group key.
package struct Identifier<Kind>: Sendable {
  package let rawValue: String

  package init(_ rawValue: String) { self.rawValue = rawValue }
}

extension Identifier: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    left.rawValue.utf8.count == right.rawValue.utf8.count && compare(left, right) == 0
  }

  package func hash(into hasher: inout Hasher) {
    var text = rawValue
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(0xff as UInt8)
  }
}

extension Identifier: Comparable {
  package static func < (left: Self, right: Self) -> Bool {
    compare(left, right) < 0
  }

  /// Native strings are contiguous UTF-8, so this is one `memcmp`; the rest is for completeness.
  private static func compare(_ left: Self, _ right: Self) -> Int {
    let order = left.rawValue.utf8.withContiguousStorageIfAvailable { left in
      right.rawValue.utf8.withContiguousStorageIfAvailable { right -> Int in
        let shared = min(left.count, right.count)
        if shared > 0, let leftBytes = left.baseAddress, let rightBytes = right.baseAddress {
          let order = memcmp(leftBytes, rightBytes, shared)
          if order != 0 { return Int(order) }
        }
        return left.count - right.count
      }
    }
    if let order, let order { return order }
    if left.rawValue.utf8.elementsEqual(right.rawValue.utf8) { return 0 }
    return left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8) ? -1 : 1
  }
}

extension Identifier: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

extension Identifier: CustomStringConvertible {
  package var description: String { rawValue }
}

extension Identifier: ExpressibleByStringLiteral {
  package init(stringLiteral value: String) { self.init(value) }
}

/// The kinds of thing an `Identifier` names.
package enum Named {
  package enum Source {}
  package enum Target {}
  package enum Assignment {}
  package enum Subject {}
  package enum Account {}
  package enum Entitlement {}
  package enum Run {}
}

/// A source's key under `sources:` in the configuration.
package typealias SourceID = Identifier<Named.Source>
/// A target's key under `targets:` in the configuration.
package typealias TargetID = Identifier<Named.Target>
/// An assignment's id, unique within its source.
package typealias AssignmentID = Identifier<Named.Assignment>
/// The subject's id as its source names it: `objectId`, which is also the anchor we write.
package typealias SubjectID = Identifier<Named.Subject>
/// What a target calls an account: a normalised DN, a SCIM `id`.
package typealias AccountKey = Identifier<Named.Account>
/// What a mapping calls a group: a normalised DN, a SCIM `displayName`.
package typealias EntitlementKey = Identifier<Named.Entitlement>
/// One run, sortable by time: `20260112T090000Z-1f3a`.
package typealias RunID = Identifier<Named.Run>

/// An assignment together with the source that reported it; printed `partners/asn-41`.
package struct AssignmentReference: Hashable, Comparable, Sendable, Codable,
  CustomStringConvertible
{
  package let source: SourceID
  package let id: AssignmentID

  package init(source: SourceID, id: AssignmentID) {
    self.source = source
    self.id = id
  }

  package var description: String { "\(source)/\(id)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.source, left.id) < (right.source, right.id)
  }
}
