import AccessModel
import LDAPClient

/// A server that is asked what would become of writes. Nothing more is asked at the first sign that it
/// keeps one.
struct TrialServer {
  /// A kind of write in a branch: each may be handled by another database.
  private struct Kind: Hashable {
    let name: String
    let parent: DistinguishedName?
  }

  private(set) var stored: StoredTypes
  let schema: Schema?
  /// Seen to be kept nowhere.
  private var proven: Set<Kind> = []
  /// How it kept a write that it was only to try.
  private(set) var alarm: String?
  /// The codes of its answers, by what is said of them.
  private var codes: [String: LDAPResultCode] = [:]

  /// `nil` unless the server can be asked without harm.
  init?(_ root: RootDSE, _ schema: Schema?) {
    guard let stored = StoredTypes(of: root) else { return nil }
    (self.stored, self.schema) = (stored, schema)
  }

  /// The code that a reason was made of; `nil` for one that is ours.
  func code(of reason: String) -> LDAPResultCode? { codes[reason] }

  /// Looks at these entries for the types that their requests bring, where they are not proven yet.
  mutating func look(_ requests: [LDAPRequest], on connection: isolated LDAPConnection) {
    let entries = requests.compactMap { request in
      request.writtenEntry.map { ($0, DryRun.types(of: request, schema)) }
    }
    stored.look(
      at: entries.filter { !stored.missing($0.1, at: $0.0).isEmpty }, on: connection)
  }

  /// Looks beside these entries for the types that their requests bring.
  mutating func look(
    beside requests: [LDAPRequest], objectClasses: [String], on connection: isolated LDAPConnection
  ) {
    var wanted: [DistinguishedName: Set<String>] = [:]
    for request in requests {
      guard let parent = request.writtenEntry?.parent else { continue }
      wanted[parent, default: []].formUnion(DryRun.types(of: request, schema))
    }
    for (parent, types) in wanted {
      stored.look(below: parent, for: types, objectClasses: objectClasses, on: connection)
    }
  }

  /// One answer for each request; `nil` where `reasons` says why it was not asked.
  mutating func ask(
    _ requests: [LDAPRequest], on connection: isolated LDAPConnection
  ) -> (answers: [LDAPSearchResult?], reasons: [String?]) {
    var answers: [LDAPSearchResult?] = Array(repeating: nil, count: requests.count)
    var reasons: [String?] = Array(repeating: nil, count: requests.count)
    var rest: [(position: Int, run: DryRun)] = []
    for (position, request) in requests.enumerated() {
      let run: DryRun
      do throws(DryRun.Unproven) {
        run = try DryRun(request, stored: stored, schema: schema)
      } catch {
        reasons[position] = Self.unproven(error)
        continue
      }
      let kind = Kind(name: request.kind, parent: run.entry.parent)
      guard proven.contains(kind) || alarm != nil else {
        switch prove(run, on: connection) {
        case .success(let answer):
          answers[position] = answer
          // What was refused proves nothing.
          if answer.result.isSuccess { proven.insert(kind) }
        case .failure(let failure): reasons[position] = failure.reason
        }
        continue
      }
      rest.append((position, run))
    }
    guard alarm == nil else {
      for (position, _) in rest { reasons[position] = stopped }
      return (answers, reasons)
    }
    for (part, answer) in zip(rest, connection.tryOut(rest.map(\.run))) {
      if answer.wasKept { alarm = alarm ?? Self.kept(part.run.entry) }
      answers[part.position] = answer.wasKept ? nil : answer.answer
      if answer.wasKept { reasons[part.position] = stopped }
    }
    for answer in answers.compactMap({ $0 }) {
      codes["\(LDAPError(answer.result))"] = answer.result.code
    }
    return (answers, reasons)
  }

  static let unsupported =
    "the database does not know the control that makes a write a trial (no-op)"

  private var stopped: String { "the server is asked nothing more: \(alarm ?? "")" }

  private struct Failure: Error {
    let reason: String
  }

  /// Asks for one alone, and looks whether it left a trace.
  private mutating func prove(
    _ run: DryRun, on connection: isolated LDAPConnection
  ) -> Result<LDAPSearchResult, Failure> {
    do throws(LDAPError) {
      let before = try version(of: run.entry, on: connection)
      guard before != .hidden else {
        return .failure(
          Failure(
            reason: "'\(run.entry)' shows no entryCSN, so nothing would prove that the server only "
              + "tried"))
      }
      let (answer, wasKept) = connection.tryOut([run])[0]
      let after = try version(of: run.entry, on: connection)
      if wasKept || (answer.result.isSuccess && before != after) {
        alarm = Self.kept(run.entry)
        return .failure(Failure(reason: stopped))
      }
      codes["\(LDAPError(answer.result))"] = answer.result.code
      return .success(answer)
    } catch {
      return .failure(Failure(reason: "'\(run.entry)' cannot be read: \(error)"))
    }
  }

  private enum Version: Equatable {
    case absent, hidden
    case csn([String])
  }

  private func version(
    of entry: DistinguishedName, on connection: isolated LDAPConnection
  ) throws(LDAPError) -> Version {
    guard let record = try connection.record(entry, attributes: ["entryCSN"]) else {
      return .absent
    }
    return record["entryCSN"].isEmpty ? .hidden : .csn(record["entryCSN"])
  }

  private static func kept(_ entry: DistinguishedName) -> String {
    "'\(entry)' changed while the server was only to try a write (no-op control): it carried it out, or "
      + "somebody else wrote in that instant; look at the entry, and do without --server-check here"
  }

  private static func unproven(_ error: DryRun.Unproven) -> String {
    "no entry was seen to have \(error.types.joined(separator: ", ")) there, and a dry run that brings "
      + "an attribute which is new to the database damages it (slapd 2.5)"
  }
}
