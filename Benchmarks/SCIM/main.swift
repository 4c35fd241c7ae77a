import Glibc
import HTTPTransport
import JSON
import SCIMClient
import Secrets
import Synchronization

// scim-benchmark URL COUNT WIDTH: the client alone, without source, plan and journal. Makes COUNT
// users at URL with WIDTH requests at once, reads each, and reads them all in pages; prints what a
// request of each kind cost this process. The bearer token is in the environment as `token`.

let count = Int(CommandLine.arguments[2]) ?? 1000
let width = Int(CommandLine.arguments[3]) ?? 3
var configuration = CurlTransport.Configuration()
configuration.connectionsPerHost = width
let provider = ServiceProvider(
  baseURL: try HTTPURL(parsing: CommandLine.arguments[1]),
  credential: .bearer(Secret(Array(String(cString: getenv("token")).utf8))),
  transport: CurlTransport(configuration))
let capabilities = Capabilities()

/// Seconds that this process has used so far.
func processorTime() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
}

func measure(_ name: String, _ body: () async throws -> Int) async rethrows {
  let (start, before) = (ContinuousClock.now, processorTime())
  let requests = try await body()
  let (wall, processor) = (ContinuousClock.now - start, processorTime() - before)
  print(
    "\(name): \(requests) requests in \(wall), "
      + "\(Int(processor / Double(requests) * 1_000_000)) µs of processor time for each")
}

/// Numbers from zero, each given once.
final class Turns: Sendable {
  private let position = Atomic(0)

  func next() -> Int { position.add(1, ordering: .relaxed).oldValue }
}

/// Runs `body` for every number below `count`, `width` at once.
func spread<Value: Sendable>(
  _ body: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
  let turns = Turns()
  return try await withThrowingTaskGroup(of: [Value].self) { group in
    for _ in 0..<width {
      group.addTask {
        var values: [Value] = []
        while case let number = turns.next(), number < count {
          values.append(try await body(number))
        }
        return values
      }
    }
    return try await group.reduce(into: []) { $0 += $1 }
  }
}

func user(_ number: Int) -> JSONValue {
  [
    "schemas": [.string(ResourceType.user.schema)], "externalId": .string("b\(number)"),
    "userName": .string("bench\(number)@example.org"), "displayName": .string("Guest \(number)"),
    "emails": [
      ["type": "work", "value": .string("bench\(number)@example.org"), "primary": true]
    ],
    "active": true,
  ]
}

var ids: [String] = []
try await measure("create") {
  ids = try await spread { number in
    try await provider.create(.user, user(number), capabilities).id ?? ""
  }
  return count
}
let made = ids
try await measure("read") {
  try await spread { number in
    _ = try await provider.get(.user, id: made[number], capabilities)
  }.count
}
try await measure("list") {
  var found = 0
  _ = try await provider.list(.user, capabilities) { _ in found += 1 }
  return (found + capabilities.pageSize - 1) / capabilities.pageSize
}
