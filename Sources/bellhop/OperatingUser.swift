import Foundation
import Glibc

/// Who runs this command, by the operating system's word.
struct OperatingUser: Equatable {
  /// For people: `ada`, or `ada as root`.
  let name: String
  /// The person, for telling two apart: `uid 1000`. No option and no file of ours can change it.
  let person: String

  /// The kernel's login id (`/proc/self/loginuid`, proc(5)) is set once at login, survives `sudo` and
  /// `su`, and counts first. Where there is none, root is whoever `sudo` says called it: root could
  /// write the ledger itself. Anybody else could have set those variables, so they prove nothing.
  init(
    loginID: UInt32?, effectiveID: UInt32, environment: [String: String],
    nameOf: (UInt32) -> String?
  ) {
    let own = nameOf(effectiveID) ?? "uid \(effectiveID)"
    let caller: UInt32
    if let loginID, loginID != UInt32.max {
      caller = loginID
    } else if effectiveID == 0, let id = environment["SUDO_UID"].flatMap({ UInt32($0) }) {
      caller = id
    } else {
      caller = effectiveID
    }
    person = "uid \(caller)"
    name = caller == effectiveID ? own : "\(nameOf(caller) ?? person) as \(own)"
  }

  static let current = OperatingUser(
    loginID: loginID(), effectiveID: geteuid(),
    environment: ProcessInfo.processInfo.environment, nameOf: accountName)

  private static func loginID() -> UInt32? {
    do {
      return UInt32(
        try String(contentsOfFile: "/proc/self/loginuid", encoding: .utf8)
          .trimmingCharacters(in: .whitespacesAndNewlines))
    } catch {
      // A kernel without auditing has no such file.
      return nil
    }
  }

  private static func accountName(_ id: UInt32) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      return nil
    }
    return String(cString: entry.pw_name)
  }
}
