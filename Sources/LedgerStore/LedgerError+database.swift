import AccessModel
import GRDB

extension LedgerError {
  /// Puts a fault of the database into words: which file, which act, and what to do about it. SQL
  /// and values stay out.
  init(_ error: any Error, while act: String, path: String) {
    let fault =
      switch error {
      case let error as LedgerError: error.message
      case let error as DatabaseError: Self.explanation(of: error)
      case is DecodingError:
        "a record in it cannot be understood; restore a backup (docs/ledger.md)"
      default: "\(error)"
      }
    let kind: Kind =
      switch error {
      case let error as LedgerError: error.kind
      case let error as DatabaseError where error.isOfFullDisk(path): .full
      default: .unusable
      }
    self.init(message: "\(path): \(act): \(fault)", kind: kind)
  }

  private static func explanation(of error: DatabaseError) -> String {
    switch error.resultCode {
    case .SQLITE_FULL:
      "the disk is full; free some space and run again"
    case .SQLITE_READONLY:
      "the file or its folder is read-only; make both writable for this user"
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      "it cannot be opened; this user needs to read and write the file and its folder, even only "
        + "to look inside"
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      "the file is damaged or not a database (\(error.extendedResultCode)); keep it, and restore "
        + "a backup (docs/ledger.md)"
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      "another process kept it locked for \(LedgerStore.busyTimeout) s; see who runs and try again"
    case .SQLITE_IOERR:
      "reading or writing the disk failed (\(error.extendedResultCode)); check the disk and its "
        + "free space"
    default:
      "\(error.extendedResultCode)\(error.message.map { ": \($0)" } ?? "")"
    }
  }
}

extension DatabaseError {
  /// SQLite has a code for a full disk, but not where it makes room for its shared memory or a file.
  fileprivate func isOfFullDisk(_ path: String) -> Bool {
    switch resultCode {
    case .SQLITE_FULL: true
    case .SQLITE_IOERR, .SQLITE_CANTOPEN: StateFolder(containing: path).isFull
    default: false
    }
  }
}
