import AccessModel
import Foundation
import Mapping
import Testing

/// Each folder below `fixtures/mappings` holds mapping files and what is said of them.
private let folder = repository.appending(path: "fixtures/mappings").path
private let cases =
  FileManager.default.subpaths(atPath: folder)?.filter { !$0.contains("/") }.sorted()
  ?? ["there is no \(folder)"]

@Suite struct DiagnosticsTests {
  @Test(arguments: cases)
  func `a faulty mapping is told with file, line and column`(name: String) throws {
    let folder = repository.appending(path: "fixtures/mappings/\(name)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".yaml") }
      .map { file in
        (
          path: "mappings/\(file)",
          text: try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        )
      }
    let (mappings, diagnostics) = MappingLoader.load(files, targets: knownTargets)
    let told = diagnostics.map { "\($0)\n" }.joined()
    #expect((mappings == nil) == diagnostics.hasErrors)

    let golden = folder.appending(path: "expected.diagnostics.txt")
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try told.write(to: golden, atomically: true, encoding: .utf8)
    }
    #expect(told == (try String(contentsOf: golden, encoding: .utf8)))
  }

  @Test func `the order of files does not matter`() throws {
    let names = ["partner-engineering", "contractors", "wiki-readers"]
    let files = try names.filter { $0 != "wiki-readers" }.map { name in
      (
        path: name,
        text: try String(
          contentsOf: repository.appending(path: "mappings/\(name).yaml"), encoding: .utf8)
      )
    }
    let forward = MappingLoader.load(files, targets: knownTargets)
    let backward = MappingLoader.load(files.reversed(), targets: knownTargets)
    #expect(forward.mappings != nil)
    #expect(forward.mappings == backward.mappings)
  }

  @Test(arguments: ["partner-engineering", "contractors", "wiki-readers"])
  func `the shipped examples load without a word`(name: String) throws {
    let file = repository.appending(path: "mappings/\(name).yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let (mappings, diagnostics) = MappingLoader.load(
      [(path: "mappings/\(name).yaml", text: text)], targets: knownTargets)
    #expect(diagnostics == [])
    #expect(mappings?.packages.isEmpty == false)
    #expect(mappings?.accounts.isEmpty == false)
  }

  @Test func `the mappings of the demonstration load without a word`() throws {
    let folder = repository.appending(path: "fixtures/demo/mappings")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).map { name in
      (path: name, text: try String(contentsOf: folder.appending(path: name), encoding: .utf8))
    }
    let (mappings, diagnostics) = MappingLoader.load(files, targets: knownTargets)
    #expect(diagnostics == [])
    #expect(mappings?.targets == ["corp", "wiki"])
  }

  @Test(arguments: ["true", "no", "0123", "12:30", "1e3", "~x", "2026-01-12"])
  func `a constant is the text that was written`(text: String) throws {
    let set = try mappings(
      """
      version: 1
      packages: [{ accessPackage: A, entitlements: [{ target: wiki, account: true }] }]
      accounts: [{ target: wiki, attributes: { userName: { constant: \(text) } } }]
      """)
    #expect(set.accounts[0].attributes.map(\.source) == [.constant([text])])
  }

  @Test(arguments: [
    "version: 1\u{0}", "\u{FEFF}version: 1", "%YAML 9.9\n---\n", "? [a, b]\n: c", "\t", "{",
    "<<: {version: 1}", "*nobody", "version: 1\npackages:\n  - ? {a: b}\n    : c",
  ])
  func `what is no mapping is an error`(text: String) {
    let (mappings, diagnostics) = MappingLoader.load(
      [(path: "m.yaml", text: text)], targets: knownTargets)
    #expect(mappings == nil)
    #expect(diagnostics.hasErrors)
  }

  @Test func `deep nesting is an error`() {
    for level in ["[", "- ", "{a: ", "? "] {
      let text = String(repeating: level, count: 5_000)
      let (mappings, _) = MappingLoader.load([(path: "m.yaml", text: text)], targets: knownTargets)
      #expect(mappings == nil)
    }
  }

  @Test(arguments: [
    "userPassword", "USERPASSWORD", "userPassword;lang-de", "2.5.4.35", "unicodePwd", "password",
    "urn:ietf:params:scim:schemas:core:2.0:User:password", "password.value", "sambaNTPassword",
    "krbPrincipalKey", "authPassword",
  ])
  func `G8: no attribute that holds a password can be mapped`(name: String) {
    let (mappings, diagnostics) = MappingLoader.load(
      [
        (
          path: "m.yaml",
          text: """
          version: 1
          packages:
            - accessPackage: Engineering
              entitlements: [{ target: wiki, group: Engineers }]
          accounts:
            - target: wiki
              attributes: { userName: '[email]', '\(name)': '[email]' }
          """
        )
      ], targets: knownTargets)
    #expect(mappings == nil)
    #expect(diagnostics.contains { $0.message.contains("passwords are never written") })
  }

  @Test func `G4: a group name with a character nobody can see is refused`() {
    let (mappings, diagnostics) = MappingLoader.load(
      [
        (
          path: "m.yaml",
          text: """
          version: 1
          packages:
            - accessPackage: Engineering
              entitlements: [{ target: wiki, group: "Engi\\u200Bneers" }]
          """
        )
      ], targets: knownTargets)
    #expect(mappings == nil)
    #expect(diagnostics.contains { $0.message.contains("U+200B") }, "\(diagnostics)")
  }
}
