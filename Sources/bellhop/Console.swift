import Foundation
import Glibc
import Synchronization

/// The two streams. What a command is asked for goes to standard output, everything else to standard
/// error. Colour only on a terminal, and never with `NO_COLOR`.
enum Console {
  /// Why standard output could not be written, once it could not; `nil` while all is well. A closed
  /// pipe ends the output, not the run: its reader has seen enough.
  static var outputFault: String? { fault.withLock(\.self) }

  private static let fault = Mutex<String?>(nil)

  static func output(_ text: String) {
    let number = write(text, to: STDOUT_FILENO)
    guard number != 0, number != EPIPE else { return }
    fault.withLock { $0 = $0 ?? String(cString: strerror(number)) }
  }

  static func error(_ text: String) {
    write("bellhop: \(text)\n", to: STDERR_FILENO)
  }

  static func note(_ text: String) {
    write(text + "\n", to: STDERR_FILENO)
  }

  /// A line that the next one overwrites; nothing when standard error is not a terminal.
  static func progress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    write("\r\u{1b}[2K\(text)", to: STDERR_FILENO)
  }

  static func endProgress() { progress("") }

  /// Colours the lines of a plan by their sign.
  static func outputPlan(_ text: String) {
    let environment = ProcessInfo.processInfo.environment
    let isColoured =
      isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
    guard isColoured else { return output(text) }
    let colours: [Substring: String] = [
      "    + ": "32", "    - ": "31", "    ~ ": "33", "    = ": "35", "    ! ": "36",
    ]
    output(
      text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        guard let colour = colours[line.prefix(6)] else { return String(line) }
        return "\u{1b}[\(colour)m\(line)\u{1b}[0m"
      }.joined(separator: "\n"))
  }

  /// One JSON document on standard output.
  static func output(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    output(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
  }

  /// The number of the error that ended it, 0 if none did.
  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return errno }
      bytes = bytes.dropFirst(count)
    }
    return 0
  }
}
