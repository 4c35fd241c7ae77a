package import AccessModel
import GRDB

extension LedgerStore {
  /// Reads the journal from its first record to its last and finds every edit, drop, swap, insertion
  /// and cut tail, as well as ownership that it does not explain. Writes nothing.
  ///
  /// `head` is a code that was kept elsewhere, 64 hexadecimal digits. The ledger must be one that was
  /// opened for reading.
  package func verify(
    key: String? = nil, head: String? = nil
  ) async throws(LedgerError) -> Verification {
    let folder = StateFolder(containing: path)
    let expected = try HeadFile(path: folder.head).read()
    let key = try JournalKey.read(key ?? folder.key)
    return try await read("verifying the journal") { db in
      var verifier = try Verifier(db: db, key: key, expected: expected, named: head)
      return try verifier.verify()
    }
  }
}
