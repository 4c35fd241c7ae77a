import AccessModel
import AssignmentSources
import Foundation

/// A file that exists for one test.
func withFile<Result>(
  _ name: String, _ bytes: some Sequence<UInt8>, _ body: (String) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "bellhop-source-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer {
    do { try FileManager.default.removeItem(at: folder) } catch {
      print("left \(folder): \(error)")
    }
  }
  let file = folder.appending(path: name)
  try Data(bytes).write(to: file)
  return try await body(file.path)
}

func read(_ path: String) async throws -> AssignmentReading {
  let context = RunContext(run: "r", now: try Instant(parsing: "2026-06-01T00:00:00Z"))
  return try await FileSource(id: "partners", path: path).read(context)
}

func read(_ name: String, _ text: String) async throws -> AssignmentReading {
  try await withFile(name, text.utf8) { try await read($0) }
}

/// What reading this text fails with.
func failure(_ name: String, _ bytes: some Sequence<UInt8>) async throws -> SourceError? {
  try await withFile(name, bytes) { path in
    do {
      _ = try await read(path)
      return nil
    } catch let error as SourceError {
      return error
    }
  }
}

/// A file under `fixtures/assignments/cases`.
func fixture(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/assignments/cases/\(name)").path
}
