import ConnectorTesting
import Foundation

struct SQLiteFailure: Error {
  let message: String
}

/// What the `sqlite3` command answers: a second process looking at, or meddling with, a ledger.
@discardableResult
func sqlite(_ path: String, _ statement: String) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
  process.arguments = ["-bail", path, statement]
  let output = Pipe()
  let errors = Pipe()
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = output
  process.standardError = errors
  try process.startAlone()
  let answer = try output.fileHandleForReading.readToEnd() ?? Data()
  let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw SQLiteFailure(message: String(decoding: complaint, as: UTF8.self))
  }
  return String(decoding: answer, as: UTF8.self)
}
