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

  private static let gate = Mutex(())
}
