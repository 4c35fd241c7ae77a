/// A source could not be read at all. An incomplete reading is not an error but `Coverage.partial`.
package struct SourceError: Error, Sendable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// It cannot be reached or opened.
    case unavailable
    /// What it gave is not what this kind of source gives.
    case malformed
  }

  package let source: SourceID
  package let kind: Kind
  /// Object, act, measured, limit, way out.
  package let message: String

  package init(source: SourceID, kind: Kind, message: String) {
    self.source = source
    self.kind = kind
    self.message = message
  }

  package var description: String { "\(source): \(message)" }
}

/// A target could not be read, or stopped in the middle of a batch.
package struct TargetError: Error, Sendable, CustomStringConvertible {
  package let target: TargetID
  package let disposition: Disposition
  /// Object, act, measured, limit, way out. No attribute values, no secrets.
  package let message: String

  package init(target: TargetID, disposition: Disposition, message: String) {
    self.target = target
    self.disposition = disposition
    self.message = message
  }

  package var description: String { "\(target): \(message)" }
}

/// The ledger could not be read or written. Nothing external is written after it.
package struct LedgerError: Error, Sendable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    case unusable
    /// No room is left but the reserve, which is kept for what ends access.
    case full
    /// Another run has taken over, or the files were replaced under this one.
    case displaced
  }

  package let message: String
  package let kind: Kind

  package init(message: String, kind: Kind = .unusable) {
    self.message = message
    self.kind = kind
  }

  package var description: String { "ledger: \(message)" }
}
