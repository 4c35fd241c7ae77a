internal import AccessModel
internal import HTTPTransport
internal import JSON
internal import SCIMClient

/// What was learned of how the service answers. It outlives the run as lessons in the ledger.
struct Knowledge: Sendable {
  /// A value that the service keeps otherwise than it was sent.
  struct Kept: Sendable, Equatable {
    let sent: [String]
    let kept: [String]
  }

  enum Members: String, Sendable {
    case shown, hidden
  }

  /// By account id, then by attribute.
  private var kept: [String: [String: Kept]] = [:]
  /// Attributes that the service takes and does not keep.
  private var dropped: Set<String> = []
  /// By attribute: the way of writing that worked, where the usual one did not.
  private var ways: [String: Dialect.WriteWay] = [:]
  /// Whether groups show their members; `nil` until one was seen, or was not after a write.
  private(set) var members: Members?
  /// Members in one request, where the service took fewer than it should.
  private(set) var chunk: Int?
  /// Bytes of a bulk request, where a larger one was refused as too large.
  private(set) var bulkBytes: Int?
  /// What the service last said of itself.
  private(set) var discovery: Discovery?
  private var news: [Lesson] = []

  private enum Topic: String {
    case kept, dropped, way, members, chunk, bulkBytes, discovery
  }

  /// Starts from what the ledger has; what was learned and not yet taken there stays.
  mutating func recall(_ lessons: [Lesson]) {
    let news = news
    self = Knowledge()
    for lesson in lessons + news { take(lesson) }
    self.news = news
  }

  mutating func takeNews() -> [Lesson] {
    defer { news = [] }
    return news
  }

  private mutating func take(_ lesson: Lesson) {
    switch Topic(rawValue: lesson.topic) {
    case .kept: takeKept(lesson)
    case .dropped: dropped.insert(lesson.about)
    case .way: ways[lesson.about] = lesson.text.flatMap { Dialect.WriteWay(rawValue: $0) }
    case .members: members = lesson.text.flatMap { Members(rawValue: $0) }
    case .discovery: discovery = lesson.text.flatMap { Self.json($0) }.flatMap { Discovery($0) }
    case .chunk: chunk = lesson.text.flatMap { Int($0) }
    case .bulkBytes: bulkBytes = lesson.text.flatMap { Int($0) }
    case nil: break
    }
  }

  private mutating func learn(_ topic: Topic, about: String = "", _ text: String?) {
    let lesson = Lesson(topic: topic.rawValue, about: about, text: text)
    take(lesson)
    news.append(lesson)
  }

  // MARK: Values

  func kept(_ attribute: String, of account: String) -> Kept? { kept[account]?[attribute] }

  mutating func learn(_ value: Kept?, _ attribute: String, of account: String) {
    guard kept[account]?[attribute] != value else { return }
    let text = value.map {
      JSONValue.array([.array($0.sent.map { .string($0) }), .array($0.kept.map { .string($0) })])
    }
    learn(
      .kept, about: "\(PercentEncoding.encode(account)) \(attribute)",
      text.map { String(decoding: $0.encoded, as: UTF8.self) })
  }

  private mutating func takeKept(_ lesson: Lesson) {
    guard let space = lesson.about.firstIndex(of: " "),
      let account = PercentEncoding.decode(String(lesson.about[..<space]))
    else { return }
    let attribute = String(lesson.about[lesson.about.index(after: space)...])
    kept[account, default: [:]][attribute] = lesson.text.flatMap(Self.parse)
  }

  private static func parse(_ text: String) -> Kept? {
    guard let pair = json(text)?.elements, pair.count == 2, let sent = pair[0].elements,
      let kept = pair[1].elements
    else { return nil }
    return Kept(sent: sent.compactMap(\.text), kept: kept.compactMap(\.text))
  }

  private static func json(_ text: String) -> JSONValue? {
    do throws(MalformedJSON) {
      return try JSONValue(parsing: Array(text.utf8))
    } catch {
      return nil
    }
  }

  func drops(_ attribute: String) -> Bool { dropped.contains(attribute) }

  mutating func learnDropped(_ attribute: String) {
    if !drops(attribute) { learn(.dropped, about: attribute, "") }
  }

  // MARK: Ways of writing

  func way(_ attribute: String) -> Dialect.WriteWay? { ways[attribute] }

  mutating func learn(_ way: Dialect.WriteWay, for attribute: String) {
    if ways[attribute] != way { learn(.way, about: attribute, way.rawValue) }
  }

  mutating func learn(_ members: Members) {
    if self.members != members { learn(.members, members.rawValue) }
  }

  mutating func learn(_ discovery: Discovery?) {
    guard self.discovery != discovery else { return }
    learn(.discovery, discovery.map { String(decoding: $0.json.encoded, as: UTF8.self) })
  }

  mutating func learn(chunk: Int) {
    if self.chunk.map({ chunk < $0 }) ?? true { learn(.chunk, "\(chunk)") }
  }

  mutating func learn(bulkBytes: Int) {
    if self.bulkBytes.map({ bulkBytes < $0 }) ?? true { learn(.bulkBytes, "\(bulkBytes)") }
  }
}
