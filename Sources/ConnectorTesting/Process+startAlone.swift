package import Foundation
internal import Synchronization

extension Process {
  /// `run`, one at a time: Foundation reads and writes what all processes share while it starts one,
  /// and tests start many at once.
  ///
  /// Closes our end of the files that the process writes to. Foundation would keep them open, and
  /// fails on descriptors beyond 1,023, which select(2) cannot hold.
  package func startAlone() throws {
    try Self.gate.withLock { _ in try run() }
    for case let file as FileHandle in [standardOutput, standardError]
    where file.fileDescriptor > STDERR_FILENO {
      try file.close()
    }
  }

  /// Starts a program that is told nothing more and whose words go nowhere.
  package static func silent(_ program: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.startAlone()
    return process
  }

  private static let gate = Mutex(())
}
