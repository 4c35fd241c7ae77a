import Foundation
import LedgerStore

/// The digests that `plan` and `undo` showed as held: known, though no run has held them. A file in the
/// state folder; it lets nothing pass, since an approval counts by what the next run plans.
struct ShownDigests {
  private static let most = 50

  let path: String

  init(_ folder: StateFolder) { path = folder.shown }

  func contains(_ digest: String) -> Bool { all.contains(digest) }

  /// Remembers them, the newest last. Gives the reason if it cannot.
  func remember(_ digests: [String]) -> String? {
    let new = digests.filter { !contains($0) }
    guard !new.isEmpty else { return nil }
    let text = (all + new).suffix(Self.most).map { $0 + "\n" }.joined()
    do {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
      return nil
    } catch {
      return "\(path): \(error.localizedDescription)"
    }
  }

  /// None where the file is missing or no text: what is not known is asked about.
  private var all: [String] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
