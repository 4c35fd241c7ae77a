import Foundation

extension Process {
  /// Ends this process by a signal and removes what it left if the tests are killed: their end of the
  /// pipe closes with them. Gives the watcher, to be killed before this process ends otherwise.
  func watched(removing paths: [String], by signal: String = "KILL") throws -> Process {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments =
      ["-c", "read line; kill -s \(signal) $0; rm -rf \"$@\"", "\(processIdentifier)"] + paths
    shell.standardInput = Pipe()
    try shell.startAlone()
    return shell
  }
}
