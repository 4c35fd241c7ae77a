import Foundation

/// Looking and changing past the code under test.
extension SlapdFixture {
  /// What `ldapsearch` prints as the administrator, unwrapped LDIF without comments.
  package func search(
    _ base: String, scope: String = "sub", filter: String = "(objectClass=*)",
    attributes: [String] = []
  ) async throws -> String {
    try await run(
      "/usr/bin/ldapsearch",
      ["-LLL", "-o", "ldif-wrap=no", "-b", base, "-s", scope] + administrator + [filter]
        + attributes)
  }

  /// The values of one attribute of one entry, sorted; empty if there are none.
  package func values(of attribute: String, at name: String) async throws -> [String] {
    try await search(name, scope: "base", attributes: [attribute])
      .split(separator: "\n").compactMap { line in
        let pieces = line.split(separator: ":", maxSplits: 1)
        guard pieces.count == 2, pieces[0].lowercased() == attribute.lowercased() else {
          return nil
        }
        let value = pieces[1]
        guard value.hasPrefix(":") else { return value.trimmingCharacters(in: .whitespaces) }
        return Data(base64Encoded: value.dropFirst().trimmingCharacters(in: .whitespaces))
          .map { String(decoding: $0, as: UTF8.self) }
      }.sorted()
  }

  /// Whether an entry of this name exists.
  package func exists(_ name: String) async throws -> Bool {
    let filter = "(entryDN=\(name.replacing("\\", with: "\\5c")))"
    return try await search(options.suffix, filter: filter, attributes: ["1.1"])
      .contains("dn:")
  }

  /// How many requests of these kinds the server has answered since it started.
  package func count(of operations: [String]) async throws -> Int {
    var count = 0
    for operation in operations {
      let name = "cn=\(operation),cn=Operations,cn=Monitor"
      count += try await values(of: "monitorOpCompleted", at: name).compactMap { Int($0) }
        .reduce(0, +)
    }
    return count
  }

  /// Whether nobody but the one who asks is connected. Gives the last ones a second to hang up.
  package func isLeftAlone() async throws -> Bool {
    for _ in 0..<100 {
      let count = try await values(
        of: "monitorCounter", at: "cn=Current,cn=Connections,cn=Monitor")
      if count == ["1"] { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  package static let writes = ["Add", "Modify", "Delete", "Modrdn"]

  /// Applies LDIF as the administrator or the service account, entries without a changetype as
  /// additions.
  package func modify(_ ldif: String, asService: Bool = false) async throws {
    let file = path("\(UUID().uuidString).ldif")
    try ldif.write(toFile: file, atomically: false, encoding: .utf8)
    let service = ["-x", "-H", url, "-D", serviceDN, "-w", servicePassword]
    _ = try await run(
      "/usr/bin/ldapmodify", ["-a", "-f", file] + (asService ? service : administrator))
  }

  /// Puts an access rule before all others of the running server.
  package func configure(addingAccessRule rule: String) async throws {
    try await configure("add: olcAccess\nolcAccess: {0}\(rule)")
  }

  /// Changes the settings of the database while the server runs: LDIF such as
  /// `replace: olcReadOnly` and its value.
  package func configure(_ change: String) async throws {
    let file = path("\(UUID().uuidString).ldif")
    try "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n\(change)\n"
      .write(toFile: file, atomically: false, encoding: .utf8)
    _ = try await run("/usr/bin/ldapmodify", ["-Q", "-Y", "EXTERNAL", "-H", socketURL, "-f", file])
  }

  /// All entries with their operational attributes, as LDIF that another server's `content` takes.
  package func contents() async throws -> String {
    try await run(path("slapd"), ["-T", "cat", "-F", path("config"), "-b", options.suffix])
  }

  private var administrator: [String] {
    ["-x", "-H", url, "-D", adminDN, "-w", adminPassword]
  }

  @discardableResult
  func run(_ tool: String, _ arguments: [String]) async throws -> String {
    try await runTool(tool, arguments, in: folder)
  }
}

/// What a program prints. Throws, with its words, if it does not end with 0.
@discardableResult
func runTool(_ tool: String, _ arguments: [String], in folder: URL) async throws -> String {
  let output = folder.appending(path: UUID().uuidString)
  try Data().write(to: output)
  let process = Process()
  process.executableURL = URL(fileURLWithPath: tool)
  process.arguments = arguments
  process.environment = ["LDAPNOINIT": "1", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
  process.standardInput = FileHandle.nullDevice
  let handle = try FileHandle(forWritingTo: output)
  process.standardOutput = handle
  process.standardError = handle
  try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
    process.terminationHandler = { _ in done.resume() }
    do { try process.startAlone() } catch { done.resume(throwing: error) }
  }
  let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
  guard process.terminationStatus == 0 else {
    throw SlapdFixture.Failure(
      description: "\(tool) ended with \(process.terminationStatus): \(text)")
  }
  return text
}
