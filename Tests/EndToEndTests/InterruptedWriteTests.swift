import ConnectorTesting
import Foundation
import Testing

extension EndToEnd {
  @Suite struct InterruptedWrites {
    /// libcurl does not count what it sends after a first try that was interrupted or would have
    /// blocked. scripts/crash/shim.c interrupts every second call.
    @Test func `C4: a POST whose first try was interrupted counts as sent, and is not sent again`()
      async throws
    {
      try await withFaultStation(.http) { station in
        let (world, proxy) = (station.world, station.proxy)
        try world.write([Record("ines", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        try await proxy.set()
        try world.write([Record("ines", "Lab"), Record("jon", "Lab")])
        try await world.bellhop.run("apply", exits: 0)
        let requests = try await proxy.count().requests
        let step = try #require(requests.firstIndex { $0.hasPrefix("POST") }, "\(requests)") + 1

        try await proxy.set(FaultProxy.Fault("silence", step: step))
        try world.write([Record("ines", "Lab"), Record("jon", "Lab"), Record("kai", "Lab")])
        var disturbed = world.bellhop
        disturbed.environment.merge(
          [
            "LD_PRELOAD": try shim(in: disturbed), "SHIM_FOLDER": disturbed.state.path,
            "SHIM_DO": "eintr", "SHIM_ONLY": "net", "SHIM_AT": "1", "SHIM_FROM": "1",
          ], uniquingKeysWith: { $1 })
        let answer = try await disturbed.answer("apply")
        #expect(answer.code == 0, "reading did not settle it: \(answer.everything)")
        let sent = try await proxy.count()
        #expect(sent.struck == 1, "\(sent.requests)")
        #expect(sent.requests.count { $0.hasPrefix("POST") } == 1, "\(sent.requests)")

        try await proxy.set()
        try await world.bellhop.run("apply", exits: 0)
        let wiki = try #require(world.wiki)
        #expect(try await wiki.members("Lab") == ["ines", "jon", "kai"])
        #expect(try await wiki.users().count == 3)
        try await world.bellhop.run("plan", exits: 0)
        try await world.bellhop.run("verify", exits: 0)
      }
    }

    private func shim(in bellhop: Installation) throws -> String {
      let source = URL(filePath: #filePath).appending(path: "../../../scripts/crash/shim.c")
        .standardizedFileURL
      let library = bellhop.path("shim.so")
      let compiler = Process()
      compiler.executableURL = URL(filePath: "/usr/bin/env")
      compiler.arguments = [
        "sh", "-c", #"exec "$(command -v cc || command -v clang)" "$@""#, "cc", "-shared", "-fPIC",
        "-o", library, source.path, "-ldl",
      ]
      try compiler.startAlone()
      compiler.waitUntilExit()
      try #require(compiler.terminationStatus == 0)
      return library
    }
  }
}
