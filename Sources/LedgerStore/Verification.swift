package import AccessModel

/// What `bellhop verify` found in one journal.
package struct Verification: Sendable {
  /// One thing that is not as it was written.
  package struct Fault: Equatable, Sendable, Codable {
    /// The record of the journal; `nil` for what no record names.
    package let record: Int64?
    /// What was found, and what it should be.
    package let found: String
    package let wayOut: String
  }

  package internal(set) var records: Int64 = 0
  package internal(set) var head: JournalHead?
  package internal(set) var faults: [Fault] = []
  /// What is no fault, and worth knowing.
  package internal(set) var remarks: [String] = []
  /// The record whose code the operator named.
  package internal(set) var named: Int64?

  package var isWhole: Bool { faults.isEmpty }

  /// More would not help to find the cause.
  static let mostFaults = 20

  mutating func note(_ record: Int64?, _ found: String, _ wayOut: WayOut) {
    guard faults.count < Self.mostFaults else { return }
    faults.append(Fault(record: record, found: found, wayOut: wayOut.words))
  }

  enum WayOut {
    case backup, key, adopt, compare

    var words: String {
      switch self {
      case .backup:
        "keep this state folder for whoever looks into it, and restore the newest backup that "
          + "'bellhop verify' accepts (docs/ledger.md)"
      case .key: "restore the journal's key from its backup (docs/ledger.md)"
      case .adopt:
        "restore the newest backup, or take over what is there with 'bellhop adopt TARGET'"
      case .compare:
        "keep this state folder for whoever looks into it, and compare it with the newest backup"
      }
    }
  }
}
