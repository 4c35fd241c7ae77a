/// How the values of an attribute are written as text. Nearly all of them are text.
package enum ValueForm: Sendable {
  case utf8
  /// Sixteen bytes, the first three numbers of them with the lowest byte first (MS-DTYP §2.3.4.2), as
  /// Active Directory's tools write them: `2fa54b52-8f0c-4b1e-9b5a-0f6d0a3c7e11`.
  case guid

  /// By the type, whatever its case: no schema says it.
  package init(of type: some StringProtocol) {
    self = type.lowercased() == "objectguid" ? .guid : .utf8
  }

  /// What cannot be of this form is taken for text.
  package func text(_ bytes: some Collection<UInt8>) -> String {
    switch self {
    case .utf8: String(decoding: bytes, as: UTF8.self)
    case .guid:
      EntryUUID(bytes).map { "\(EntryUUID(Self.swapped($0.bytes)) ?? $0)" }
        ?? String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The value that a text stands for.
  package func bytes(_ text: String) -> [UInt8] {
    switch self {
    case .utf8: Array(text.utf8)
    case .guid: EntryUUID(parsing: text).map { Self.swapped($0.bytes) } ?? Array(text.utf8)
    }
  }

  /// From the one order to the other, and back.
  private static func swapped(_ bytes: [UInt8]) -> [UInt8] {
    [3, 2, 1, 0, 5, 4, 7, 6].map { bytes[$0] } + bytes[8...]
  }
}
