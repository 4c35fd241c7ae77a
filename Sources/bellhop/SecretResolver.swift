import Foundation
import Glibc
import Secrets

/// A secret that could not be had. Names the place and the way out, never the secret.
struct SecretError: Error, Equatable, Sendable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Fetches secrets from where the configuration says they are.
struct SecretResolver: Sendable {
  private static let maximumLength = 65_536

  let environment: [String: String]
  /// Variables that hold other secrets, which no command gets.
  let withheld: Set<String>
  /// How long a command may take.
  let timeout: Duration

  init(
    environment: [String: String], withheld: Set<String> = [], timeout: Duration = .seconds(30)
  ) {
    self.environment = environment
    self.withheld = withheld
    self.timeout = timeout
  }

  /// One line, without its end. Blocks until a command has ended. Throws if the place is missing,
  /// unsafe or empty.
  func resolve(_ reference: SecretReference) throws(SecretError) -> Secret {
    var bytes: [UInt8]
    switch reference {
    case .file(let path): bytes = try contents(of: path)
    case .env(let name):
      guard let value = environment[name] else {
        throw SecretError("\(reference) is not set")
      }
      bytes = Array(value.utf8)
    case .command(let arguments): bytes = try output(of: arguments)
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard !bytes.isEmpty else { throw SecretError("\(reference) is empty") }
    guard !bytes.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 }) else {
      throw SecretError("\(reference) holds more than one line")
    }
    return Secret(bytes)
  }

  /// All of a secret file. What is checked and what is read is the same open file.
  func contents(of path: String) throws(SecretError) -> [UInt8] {
    let descriptor = try SecretFile.open(path)
    defer { close(descriptor) }
    return try read(descriptor, until: nil, of: "secret file \(path)")
  }

  /// Started without a shell, with our environment but for other secrets, no input, and our standard
  /// error.
  private func output(of arguments: [String]) throws(SecretError) -> [UInt8] {
    let name = "command \(arguments[0])"
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    process.environment = environment.filter { !withheld.contains($0.key) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      throw SecretError("\(name) cannot be started: \(error.localizedDescription)")
    }
    let deadline = ContinuousClock.now + timeout
    do throws(SecretError) {
      let bytes = try read(pipe.fileHandleForReading.fileDescriptor, until: deadline, of: name)
      while process.isRunning {
        guard ContinuousClock.now < deadline else { throw late(name) }
        usleep(5_000)
      }
      guard process.terminationReason == .exit, process.terminationStatus == 0 else {
        throw SecretError("\(name) failed with status \(process.terminationStatus)")
      }
      return bytes
    } catch {
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      throw error
    }
  }

  private func read(
    _ descriptor: Int32, until deadline: ContinuousClock.Instant?, of name: String
  ) throws(SecretError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      if let deadline {
        let left = deadline - ContinuousClock.now
        guard left > .zero else { throw late(name) }
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = left.components.seconds * 1_000 + 100
        guard poll(&ready, 1, Int32(clamping: milliseconds)) > 0 else { continue }
      }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SecretError("\(name): \(String(cString: strerror(errno)))") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= Self.maximumLength else {
        throw SecretError("\(name) gives more than \(Self.maximumLength) bytes")
      }
    }
  }

  private func late(_ name: String) -> SecretError {
    SecretError("\(name) took longer than \(timeout.components.seconds) s")
  }
}
