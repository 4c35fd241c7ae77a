import AccessModel
import FoundationEssentials
import Glibc
import JSON
import Synchronization

/// What `/users/delta` told so far, kept in memory and in a file beside the ledger, so that the next
/// reading asks only for what has changed. Losing it costs requests, never correctness.
final class SubjectCache: Sendable {
  struct State: Sendable {
    /// Where the next round begins.
    var link: String?
    /// By id in lower case.
    var facts: [String: SubjectFacts] = [:]
  }

  private let path: String?
  private let held = Mutex<(select: String, state: State)?>(nil)

  /// Without a path it lasts as long as the process.
  init(path: String?) { self.path = path }

  /// Empty if what is there answers another question, or cannot be read.
  func load(select: String, shape: Attributes.Shape) -> State {
    if let held = held.withLock({ $0 }), held.select == select { return held.state }
    guard let path, let bytes = FileManager.default.contents(atPath: path) else { return State() }
    do { return try Self.decoded(bytes, select, shape) } catch { return State() }
  }

  func store(_ state: State, select: String) {
    held.withLock { $0 = (select, state) }
    guard let path else { return }
    let temporary = path + ".new"
    let options: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    guard
      FileManager.default.createFile(
        atPath: temporary, contents: Self.encoded(state, select), attributes: options)
    else { return }
    if rename(temporary, path) != 0 { unlink(temporary) }
  }

  private struct Malformed: Error {}

  /// One line for the round, one for each subject.
  private static func encoded(_ state: State, _ select: String) -> Data {
    let head: JSONValue = [
      "version": "1", "select": .string(select), "link": state.link.map { .string($0) } ?? .null,
    ]
    var bytes = Data(head.encoded)
    for (id, facts) in state.facts.sorted(by: { $0.key < $1.key }) {
      let attributes = facts.attributes.dictionary.mapValues { values in
        JSONValue.array(values.map { .string($0) })
      }
      let line: JSONValue = [
        "id": .string(id), "standing": .string(facts.standing.rawValue),
        "attributes": .object(attributes),
      ]
      bytes.append(UInt8(ascii: "\n"))
      bytes.append(contentsOf: line.encoded)
    }
    return bytes
  }

  private static func decoded(
    _ bytes: Data, _ select: String, _ shape: Attributes.Shape
  ) throws -> State {
    var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
    guard let first = lines.popFirst() else { throw Malformed() }
    let head = try JSONValue(parsing: Array(first))
    guard head["version"]?.text == "1", head["select"]?.text == select else { throw Malformed() }
    var state = State()
    state.link = head["link"]?.text
    for line in lines {
      let value = try JSONValue(parsing: Array(line))
      guard let id = value["id"]?.text,
        let standing = value["standing"]?.text.flatMap(SubjectFacts.Standing.init)
      else { throw Malformed() }
      let values = shape.names.map { name -> [String] in
        // Attributes without a value were not written.
        guard let elements = value["attributes"]?[name]?.elements else { return [] }
        return elements.compactMap(\.text)
      }
      state.facts[id] = SubjectFacts(
        standing: standing, attributes: Attributes(shape: shape, values: values))
    }
    return state
  }
}
