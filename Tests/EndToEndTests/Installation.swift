import ConnectorTesting
import Foundation
import Glibc
import Testing

/// One installation of Bellhop: a folder with its configuration, mappings, sources and state, and
/// the built program, run as a user would run it.
struct Installation: Sendable {
  let folder: URL
  var environment = ["PATH": "/usr/bin:/bin", "NO_COLOR": "1"]

  /// What one run of the program said.
  struct Answer {
    let code: Int32
    let output: String
    let errors: String

    /// The whole of standard output. Throws unless it is one JSON document.
    var json: JSON {
      get throws { try JSONDecoder().decode(JSON.self, from: Data(output.utf8)) }
    }

    var everything: String { output + errors }
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init() throws {
    folder = URL(filePath: "/tmp/bellhop-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "mappings"), withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    environment["BELLHOP_CONFIG"] = path("bellhop.yaml")
  }

  func remove() throws { try FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  var state: URL { folder.appending(path: "state") }

  /// Replaces a file by renaming a whole one over it.
  func write(_ text: String, to name: String, mode: Int = 0o644) throws {
    let file = folder.appending(path: name)
    try Data(text.utf8).write(to: file, options: .atomic)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
  }

  func delete(_ name: String) throws {
    try FileManager.default.removeItem(at: folder.appending(path: name))
  }

  /// Every byte of the state folder.
  func stateBytes() throws -> Data {
    try FileManager.default.contentsOfDirectory(at: state, includingPropertiesForKeys: nil)
      .reduce(into: Data()) { $0 += try Data(contentsOf: $1) }
  }

  /// Runs `bellhop` to its end and expects an exit code.
  @discardableResult
  func run(
    _ arguments: String..., exits code: Int32, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Answer {
    let answer = try await start(arguments).answer()
    #expect(
      answer.code == code,
      "bellhop \(arguments.joined(separator: " "))\n\(answer.output)\n\(answer.errors)",
      sourceLocation: sourceLocation)
    return answer
  }

  /// Runs `bellhop` to its end, whatever its exit code.
  @discardableResult
  func answer(_ arguments: String...) async throws -> Answer {
    try await start(arguments).answer()
  }

  /// Runs it in the shell, where `$BELLHOP` is the program.
  func runInShell(_ script: String) async throws -> Answer {
    try await start(["-c", script], program: URL(filePath: "/bin/sh")).answer()
  }

  /// Starts `bellhop` and lets it run.
  func start(_ arguments: [String], program: URL? = nil) throws -> Run {
    let bellhop = try Self.program()
    var environment = environment
    environment["BELLHOP"] = bellhop.path
    return try Run(
      program ?? bellhop, arguments, environment, in: folder)
  }

  /// The executable lies beside the one that runs the tests.
  private static func program() throws -> URL {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    for folder in [own, Bundle.main.bundlePath, CommandLine.arguments[0]] {
      let program = URL(filePath: folder).deletingLastPathComponent().appending(path: "bellhop")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
    }
    throw Failure(description: "no bellhop beside \(own); build it with: swift build")
  }
}

/// A running program. Its output goes to files, so that it never waits for a reader.
final class Run: Sendable {
  private let process: Process
  private let output: URL
  private let errors: URL
  private let end: Task<Void, Never>

  fileprivate init(
    _ program: URL, _ arguments: [String], _ environment: [String: String], in folder: URL
  ) throws {
    let name = "run-\(UUID().uuidString.prefix(8))"
    output = folder.appending(path: "\(name).out")
    errors = folder.appending(path: "\(name).err")
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = environment
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    for file in [output, errors] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    let (ends, continuation) = AsyncStream<Void>.makeStream()
    process.terminationHandler = { _ in continuation.finish() }
    try process.startAlone()
    self.process = process
    end = Task { for await _ in ends {} }
  }

  var isRunning: Bool { process.isRunning }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits for the end, no longer than a minute.
  func answer() async throws -> Installation.Answer {
    let identifier = process.processIdentifier
    let watchdog = Task {
      try await Task.sleep(for: .seconds(60))
      kill(identifier, SIGKILL)
    }
    await end.value
    watchdog.cancel()
    return Installation.Answer(
      code: process.terminationReason == .exit
        ? process.terminationStatus : -process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// What it has said on standard error so far.
  func errorsSoFar() throws -> String {
    String(decoding: try Data(contentsOf: errors), as: UTF8.self)
  }
}
