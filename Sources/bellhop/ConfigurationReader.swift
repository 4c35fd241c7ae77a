import AccessModel
import Expressions
import Mapping
import Planning

/// Reads the text of `bellhop.yaml`. Every fault is a diagnostic with file, line and column.
struct ConfigurationReader {
  var yaml = YAMLReader()
  /// What relative paths start from: the folder of the configuration file, absolute.
  let folder: String
  /// Every environment variable that a secret is in.
  private var secretVariables: Set<String> = []

  /// `path` is what diagnostics call the file, `folder` the absolute path of its folder. The
  /// configuration is `nil` if any diagnostic is an error. Diagnostics are sorted by location.
  static func read(
    _ text: String, path: String, folder: String
  ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
    var reader = ConfigurationReader(folder: folder)
    let configuration = reader.configuration(text, path: path)
    let diagnostics = reader.yaml.sortedDiagnostics
    return (diagnostics.hasErrors ? nil : configuration, diagnostics)
  }

  private init(folder: String) { self.folder = folder }

  private mutating func configuration(_ text: String, path: String) -> Configuration? {
    let keys = [
      "state", "mappings", "sources", "targets", "retired", "limits", "run", "journal",
    ]
    guard let root = yaml.document(text, path: path, keys: keys) else { return nil }
    for key in ["state", "mappings", "sources", "targets"] where root[key] == nil {
      yaml.error("'\(key)' is missing", at: root.location)
    }
    let state = self.path(root["state"])
    let mappings = self.path(root["mappings"])
    let sources = named(root["sources"]) { reader, entry in reader.source(entry) }
    let targets = named(root["targets"]) { reader, entry in reader.target(entry) }
    let retired = retired(root["retired"], targets)
    let limits = limits(root["limits"])
    let run = yaml.fields(root["run"], keys: ["interval"])
    let interval = yaml.duration(run?["interval"]) ?? .seconds(300)
    let journal = yaml.fields(root["journal"], keys: ["keyFile"])
    let journalKey = self.path(journal?["keyFile"])
    guard let state, let mappings else { return nil }
    return Configuration(
      path: path, state: state, journalKey: journalKey, mappings: mappings,
      sources: sources.sorted { $0.id < $1.id },
      targets: targets.sorted { $0.id < $1.id }, retired: retired, limits: limits,
      interval: interval,
      secretVariables: secretVariables)
  }

  private mutating func retired(
    _ node: YAMLNode?, _ targets: [TargetConfiguration]
  ) -> Set<TargetID> {
    guard let node, let names = yaml.texts(node) else { return [] }
    let retired = Set(names.map { TargetID($0) })
    for target in targets where retired.contains(target.id) {
      yaml.error("'\(target.id)' is a target, so it is not retired", at: node.location)
    }
    return retired
  }

  /// The entries of `sources` or `targets`. Their names are printed in reports and journals.
  private mutating func named<Value>(
    _ node: YAMLNode?, _ read: (inout Self, YAMLEntry) -> Value?
  ) -> [Value] {
    guard let fields = yaml.anyFields(node) else { return [] }
    if fields.entries.isEmpty {
      yaml.error("\(fields.label) is empty; at least one is needed", at: fields.location)
    }
    var values: [Value] = []
    for entry in fields.entries {
      let isName =
        !entry.key.isEmpty
        && entry.key.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
            || "-_.".utf8.contains(byte)
        }
      if !isName {
        yaml.error(
          "'\(entry.key)' is no name: letters, digits, '-', '_' and '.' make one",
          at: entry.location)
      }
      if let value = read(&self, entry) { values.append(value) }
    }
    return values
  }

  /// The word of `kind`, with everything else left for the reader of that kind.
  mutating func kind(of node: YAMLNode, among kinds: [String]) -> (String, SourceLocation)? {
    guard let fields = yaml.anyFields(node) else { return nil }
    guard let kind = fields["kind"] else {
      yaml.error("'kind' is missing in \(node.label)", at: node.location)
      return nil
    }
    guard let word = yaml.text(kind) else { return nil }
    guard kinds.contains(word) else {
      let advice =
        nearest(to: word, among: kinds).map { "did you mean '\($0)'?" }
        ?? "the kinds are \(kinds.joined(separator: ", "))"
      yaml.error("unknown kind '\(word)'; \(advice)", at: kind.location)
      return nil
    }
    return (word, kind.location)
  }

  private mutating func limits(_ node: YAMLNode?) -> Limits {
    var limits = Limits.standard
    let keys = ["minimum", "percent", "absolute", "window", "approval"]
    guard let fields = yaml.fields(node, keys: keys) else { return limits }
    let count = 0...1_000_000_000
    limits.minimum = yaml.wholeNumber(fields["minimum"], in: count) ?? limits.minimum
    limits.percent = yaml.wholeNumber(fields["percent"], in: 0...100) ?? limits.percent
    limits.absolute = yaml.wholeNumber(fields["absolute"], in: count) ?? limits.absolute
    limits.window = yaml.duration(fields["window"]) ?? limits.window
    limits.approval =
      yaml.choice(fields["approval"], of: [ApprovalRule.anyone, .otherPerson]) ?? limits.approval
    return limits
  }

  /// A path, made absolute.
  mutating func path(_ node: YAMLNode?) -> String? {
    yaml.text(node).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
  }

  /// `{file: …}`, `{env: …}` or `{command: […]}`. What is written in the place of a secret is not
  /// repeated in any message.
  mutating func secret(_ node: YAMLNode?) -> SecretReference? {
    guard let node else { return nil }
    if case .scalar = node.content, !node.isBlank {
      yaml.error(
        "\(node.label) must not be written here; put it in a file of mode 0600 and write "
          + "{file: PATH}, or use {env: NAME} or {command: [PROGRAM, …]}",
        at: node.location)
      return nil
    }
    let keys = ["file", "env", "command"]
    guard let fields = yaml.fields(node, keys: keys) else { return nil }
    guard fields.entries.count == 1, let entry = fields.entries.first else {
      yaml.error("\(node.label) needs one of 'file', 'env' and 'command'", at: node.location)
      return nil
    }
    switch entry.key {
    case "file": return path(entry.value).map { .file($0) }
    case "env":
      guard let name = yaml.text(entry.value) else { return nil }
      secretVariables.insert(name)
      return .env(name)
    case "command": return command(entry.value)
    default: return nil
    }
  }

  private mutating func command(_ node: YAMLNode) -> SecretReference? {
    guard let items = yaml.items(node) else { return nil }
    let arguments = items.compactMap { yaml.text($0) }
    guard arguments.count == items.count, let program = arguments.first else {
      if items.isEmpty { yaml.error("'command' is empty", at: node.location) }
      return nil
    }
    guard program.hasPrefix("/") else {
      yaml.error("'command' must begin with the absolute path of a program", at: node.location)
      return nil
    }
    return .command(arguments)
  }
}
