import AccessModel
import Glibc

/// One assignment as a source file has it. The guest's id, name and address follow from the login.
struct Record: Sendable {
  var login: String
  var package: String
  var start = "2026-01-05T08:00:00Z"
  var end: Instant?
  var state = "delivered"

  init(_ login: String, _ package: String, end: Instant? = nil, state: String = "delivered") {
    (self.login, self.package, self.end, self.state) = (login, package, end, state)
    name = "\(login.prefix(1).uppercased())\(login.dropFirst()) Example"
  }

  var id: String { "\(subjectID ?? login)-\(package.lowercased())" }
  /// Another one than follows from the login.
  var subjectID: String?
  var subject: String { subjectID ?? "guest-\(login)" }
  /// Follows from the login unless it is set.
  var name: String
  var mail: String { "\(login)@guests.example" }

  /// The columns that Bellhop knows and one of our own.
  static let header =
    "assignmentId,accessPackage,state,startDateTime,endDateTime,expirationType,objectId,"
    + "displayName,email,login\n"

  private var row: String {
    let end = end.map(\.description) ?? ""
    let type = end.isEmpty ? "noExpiration" : "afterDateTime"
    return "\(id),\(package),\(state),\(start),\(end),\(type),\(subject),\(name),\(mail),\(login)\n"
  }

  private var object: String {
    let expiration =
      end.map { #"{"type": "afterDateTime", "endDateTime": "\#($0)"}"# }
      ?? #"{"type": "noExpiration", "endDateTime": null}"#
    return """
      {"id": "\(id)", "state": "\(state)",
       "schedule": {"startDateTime": "\(start)", "expiration": \(expiration)},
       "target": {"objectId": "\(subject)", "displayName": "\(name)", "email": "\(mail)",
                  "login": "\(login)"},
       "accessPackage": {"displayName": "\(package)"}}
      """
  }

  /// The records as the file of this name has them.
  static func file(_ name: String, _ records: [Record]) -> String {
    name.hasSuffix(".csv")
      ? header + records.map(\.row).joined()
      : #"{"value": ["# + records.map(\.object).joined(separator: ",\n") + "]}\n"
  }
}

extension Instant {
  static var wallClock: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  static func fromNow(_ duration: Duration) -> Instant { wallClock.adding(duration) }

  /// Waits until the clock shows it.
  func hasCome() async throws {
    let left = since(.wallClock)
    if left > .zero { try await Task.sleep(for: left + .milliseconds(2)) }
  }
}
