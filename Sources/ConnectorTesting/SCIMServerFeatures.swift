internal import Foundation

/// Which server, and what it announces and does.
package enum SCIMServerFeatures: Sendable {
  /// scim2-server with everything but cursors. It speaks HTTP/1.0 and closes every connection.
  case all
  /// scim2-server with everything, whose resources can be put back to a copy.
  case restorable
  /// scim2-server: no PATCH, no filter, no bulk.
  case minimal
  /// scim2-server that takes three operations or 2,000 bytes in a bulk request.
  case smallBulk
  /// scim2-server: cursors (RFC 9865) instead of index paging.
  case cursors
  /// django-scim2: filters that find nobody, members that go by one form only.
  case django
  /// Canaille: OAuth, a strict schema, no externalId, filters ignored, members by userName.
  case canaille
}

package struct SCIMServerError: Error, CustomStringConvertible {
  package let description: String
}

extension SCIMServerFeatures {
  /// Where the service begins.
  var path: String {
    switch self {
    case .all, .restorable, .minimal, .cursors, .smallBulk: "/v2"
    case .django, .canaille: "/scim/v2"
    }
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let servers = root.appending(path: "scripts/lib/scim-servers")

  func program() throws -> URL {
    switch self {
    case .all, .minimal, .cursors, .smallBulk: try Self.program("bin/scim2-server")
    case .restorable: try Self.program("bin/python")
    case .django: try Self.program("../scim-django/bin/python")
    case .canaille: try Self.program("../scim-canaille/bin/python")
    }
  }

  /// By its place from the virtual environment of the first kind.
  static func program(_ place: String) throws -> URL {
    let environment =
      ProcessInfo.processInfo.environment["BELLHOP_SCIM_VENV"].map { URL(filePath: $0) }
      ?? root.appending(path: ".venv/scim")
    let program = environment.appending(path: place).standardized
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw SCIMServerError(
        description: "\(program.path) is missing; ./scripts/test installs it")
    }
    return program
  }

  /// Starts the server; its words go to `server.log` in the folder.
  func start(_ program: URL, _ port: UInt16, _ token: String, _ folder: URL) throws -> Process {
    let process = Process()
    process.executableURL = program
    switch self {
    case .all, .minimal, .cursors, .smallBulk:
      process.arguments = ["--port", "\(port)", "--bearer-token", token]
      if let config = serviceProviderConfig {
        let file = folder.appending(path: "service-provider-config.json")
        try Data(config.utf8).write(to: file)
        process.arguments? += ["--service-provider-config", file.path]
      }
    case .restorable:
      process.arguments = [
        Self.servers.appending(path: "restorable_server.py").path, "\(port)", token, folder.path,
      ]
    case .django:
      process.arguments = [
        Self.servers.appending(path: "django_server.py").path, "\(port)", token, folder.path,
      ]
    case .canaille:
      process.arguments = [
        Self.servers.appending(path: "canaille_server.py").path, "\(port)", "bellhop", token,
      ]
    }
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
    let log = folder.appending(path: "server.log")
    try Data().write(to: log)
    let output = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.startAlone()
    return process
  }

  private var serviceProviderConfig: String? {
    switch self {
    case .minimal:
      """
      {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
       "patch": {"supported": false}, "sort": {"supported": false}, "etag": {"supported": false},
       "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
       "filter": {"supported": false, "maxResults": 100},
       "changePassword": {"supported": false}, "authenticationSchemes": []}
      """
    case .cursors:
      """
      {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
       "patch": {"supported": true}, "sort": {"supported": false}, "etag": {"supported": true},
       "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
       "filter": {"supported": true, "maxResults": 100},
       "changePassword": {"supported": false}, "authenticationSchemes": [],
       "pagination": {"cursor": true, "index": false, "defaultPaginationMethod": "cursor",
                      "defaultPageSize": 5, "maxPageSize": 5}}
      """
    case .smallBulk:
      """
      {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
       "patch": {"supported": true}, "sort": {"supported": false}, "etag": {"supported": true},
       "bulk": {"supported": true, "maxOperations": 3, "maxPayloadSize": 2000},
       "filter": {"supported": true, "maxResults": 100},
       "changePassword": {"supported": false}, "authenticationSchemes": []}
      """
    case .all, .restorable, .django, .canaille: nil
    }
  }
}
