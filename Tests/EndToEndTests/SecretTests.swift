import ConnectorTesting
import Foundation
import HTTPTransport
import Synchronization
import Testing

extension EndToEnd {
  /// Where secrets may not be seen.
  @Suite struct Secrets {
    /// Thirteen secrets in every form and place that the configuration has for one.
    struct Canaries {
      let values: [String]

      init() { values = (1...13).map { "canary-\($0)-\(UUID().uuidString)" } }

      func found(in data: Data) -> [String] {
        values.filter { value in
          let bytes = Data(value.utf8)
          // A basic credential is encoded with the user before it; its tail is the same each time.
          return data.range(of: bytes) != nil
            || (0..<3).contains { drop in
              let encoded = bytes.dropFirst(drop).base64EncodedData().dropLast(4)
              return data.range(of: encoded) != nil
            }
        }
      }

      func found(in text: String) -> [String] { found(in: Data(text.utf8)) }
    }

    /// Targets that fail for a wrong secret, each with another one, and two that succeed.
    private func configure(_ world: inout World, _ canaries: Canaries) throws {
      var more = ""
      for (number, canary) in canaries.values.dropLast().enumerated() {
        let reference: String
        switch number % 3 {
        case 0:
          try world.bellhop.write(canary, to: "secret-\(number)", mode: 0o600)
          reference = "{ file: secret-\(number) }"
        case 1:
          world.bellhop.environment["CANARY_\(number)"] = canary
          reference = "{ env: CANARY_\(number) }"
        default:
          try world.bellhop.write(
            """
            #!/bin/sh
            tr '\\0' '\\n' </proc/self/environ >>\(world.bellhop.path("environ.log"))
            cat \(world.bellhop.path("secret-\(number).value"))

            """, to: "secret-\(number)", mode: 0o700)
          try world.bellhop.write(canary, to: "secret-\(number).value", mode: 0o600)
          reference = "{ command: [\(world.bellhop.path("secret-\(number)"))] }"
        }
        let wiki = world.wiki?.server.url.description ?? ""
        let target =
          switch number / 3 {
          case 0:
            world.directoryTarget(
              bind: "{ dn: \"\(world.directory.serviceDN)\", password: \(reference) }")
          case 1: world.wikiTarget(wiki, auth: "{ bearer: \(reference) }")
          case 2:
            world.wikiTarget(wiki, auth: "{ basic: { username: ann, password: \(reference) } }")
          default:
            world.wikiTarget(
              wiki,
              auth: "{ oauth: { tokenURL: \"\(wiki)/token\", clientID: ann, "
                + "clientSecret: \(reference) } }")
          }
        more += "  other-\(number): \(target)\n"
      }
      try world.configure(more: more)
      world.bellhop.environment["GRAPH_CANARY"] = canaries.values.last
      let wiki = world.wiki?.server.url.description ?? ""
      let file = world.bellhop.path("bellhop.yaml")
      let graph =
        "  cloud: { kind: graph, tenant: contoso, clientID: bellhop, loginURL: \"\(wiki)\", "
        + "graphURL: \"\(wiki)\", credential: { clientSecret: { env: GRAPH_CANARY } } }\n"
      try world.bellhop.write(
        try String(contentsOfFile: file, encoding: .utf8)
          .replacing("sources:\n", with: "sources:\n" + graph), to: "bellhop.yaml")
    }

    @Test func `A3: no secret is in an output, the state, an argument or a child's environment`()
      async throws
    {
      try await withWorld(wiki: true) { world in
        let canaries = Canaries()
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try configure(&world, canaries)
        let watch = ProcessWatch(canaries)
        var said = ""
        for arguments in [
          ["validate"], ["plan", "--log-level", "debug", "--out", "night.plan"],
          ["apply", "--log-level", "debug"],
          ["apply", "--json", "--log-level", "info"], ["apply", "--log-level", "error"],
          ["status"], ["status", "--json"], ["history", "--json"], ["why", "guest-ines", "--json"],
          ["doctor"], ["doctor", "--json"],
        ] {
          let run = try world.bellhop.start(arguments)
          while run.isRunning {
            watch.look()
            try await Task.sleep(for: .milliseconds(2))
          }
          let answer = try await run.answer()
          #expect(answer.code != 70 && answer.code >= 0, "\(arguments): \(answer.everything)")
          said += answer.everything
        }
        #expect(canaries.found(in: said) == [])
        #expect(canaries.found(in: try world.bellhop.stateBytes()) == [])
        let plan = try Data(contentsOf: world.bellhop.folder.appending(path: "night.plan"))
        #expect(!plan.isEmpty && canaries.found(in: plan) == [])
        #expect(watch.found == [])
        let environment = try Data(contentsOf: world.bellhop.folder.appending(path: "environ.log"))
        #expect(!environment.isEmpty, "the commands were run")
        #expect(canaries.found(in: environment) == [])
        #expect(said.contains("other-0") && said.contains("other-11"), "all of them were tried")
        #expect(said.contains("cloud"), "and Graph")
        #expect(try await world.members("lab") == ["ines", "jon"])
      }
    }

    @Test func `A3: what an answer echoes of a secret is not repeated`() async throws {
      try await withWorld(wiki: true) { world in
        try world.write([Record("ines", "Lab")])
        let port = world.wiki?.server.url.port ?? 0
        try await withFaultProxy(.http, before: port) { proxy in
          try world.configure(wiki: world.wikiTarget("http://127.0.0.1:\(proxy.port)/v2"))
          for step in [2, 6] {
            try await proxy.set(.init("echo", step: step))
            let answer = try await world.bellhop.answer("apply", "--log-level", "debug")
            let token = world.wiki?.server.token ?? "?"
            #expect(!answer.everything.contains(token), "step \(step): \(answer.everything)")
            #expect(try world.bellhop.stateBytes().range(of: Data(token.utf8)) == nil)
          }
        }
      }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o666])
    func `A4: a secret that others may read is refused before anything is connected`(
      mode: Int
    ) async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        try world.bellhop.write("kestrel", to: "corp.secret", mode: mode)
        try await withFaultProxy(.ldap, before: world.directory.port) { proxy in
          try world.configure(corp: world.directoryTarget(url: "ldap://127.0.0.1:\(proxy.port)"))
          let answer = try await world.bellhop.run("apply", exits: 78)
          #expect(answer.errors.contains("chmod 600"))
          #expect(!answer.everything.contains("kestrel"))
          #expect(try await proxy.count().requests == [])
        }
      }
    }

    @Test func `A4: a secret in a folder that others can write to is refused`() async throws {
      try await withWorld { world in
        try world.write([Record("ines", "Lab")])
        let folder = world.bellhop.folder.appending(path: "loose")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try world.bellhop.write("kestrel", to: "loose/corp.secret", mode: 0o600)
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o777], ofItemAtPath: folder.path)
        try world.configure(
          corp: world.directoryTarget(
            bind:
              "{ dn: \"\(world.directory.serviceDN)\", password: { file: loose/corp.secret } }"))
        let answer = try await world.bellhop.run("apply", exits: 78)
        #expect(answer.errors.contains("chmod go-w \(folder.path)"))
      }
    }
  }
}

/// Looks at the command lines of all processes.
private final class ProcessWatch: Sendable {
  private let canaries: EndToEnd.Secrets.Canaries
  private let seen = Mutex<Set<String>>([])

  init(_ canaries: EndToEnd.Secrets.Canaries) { self.canaries = canaries }

  var found: Set<String> { seen.withLock { $0 } }

  func look() {
    for id in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    where id.allSatisfy(\.isNumber) {
      guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { continue }
      seen.withLock { $0.formUnion(canaries.found(in: line)) }
    }
  }
}
