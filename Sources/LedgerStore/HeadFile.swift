import AccessModel

/// The file `journal.head`: a journal that ends before what it says has lost its tail.
struct HeadFile {
  let path: String

  func read() throws(LedgerError) -> JournalHead? {
    guard let bytes = try DurableFile(path: path).read(limit: 4_096) else { return nil }
    do {
      return try JSONText.decode(JournalHead.self, String(decoding: bytes, as: UTF8.self))
    } catch {
      throw LedgerError(message: "\(path): it does not say where the journal ends; restore it")
    }
  }

  func write(_ head: JournalHead) throws(LedgerError) {
    let text: String
    do {
      text = try JSONText.encode(head) + "\n"
    } catch {
      throw LedgerError(message: "\(path): putting the journal's head into words: \(error)")
    }
    try DurableFile(path: path).replace(with: Array(text.utf8))
  }
}
