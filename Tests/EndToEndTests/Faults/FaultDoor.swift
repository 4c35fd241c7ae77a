import ConnectorTesting
import Foundation
import HTTPTransport

/// A way from Bellhop to a server that leads through the fault proxy.
enum FaultDoor: String, CaseIterable, Sendable {
  case ldap, startTLS, ldaps, http, https
  /// TLS that the proxy passes on without reading it.
  case ldapsRecords = "ldaps records"
  case httpsRecords = "https records"

  var isDirectory: Bool { [.ldap, .startTLS, .ldaps, .ldapsRecords].contains(self) }
  var isRecords: Bool { self == .ldapsRecords || self == .httpsRecords }
  var target: String { isDirectory ? "corp" : "wiki" }
}

/// A world whose one target is behind a fault proxy.
struct FaultStation: Sendable {
  let door: FaultDoor
  let world: World
  let proxy: FaultProxy
}

/// Runs the body with a station: no longer than three seconds to connect and five for an answer.
func withFaultStation<Result>(
  _ door: FaultDoor, _ body: (inout FaultStation) async throws -> Result
) async throws -> Result {
  try await withWorld(wiki: !door.isDirectory, tls: true, groups: FaultScript.groups) { world in
    try world.map(deleteAfter: "PT0S")
    let limits = "timeouts: { connect: PT3S, answer: PT5S }"
    let authority = world.directory.caFile
    func certificate(startTLS: Bool = false) -> FaultProxy.Certificate {
      FaultProxy.Certificate(
        file: world.directory.path("server.crt"), key: world.directory.path("server.key"),
        isStartTLS: startTLS)
    }
    func enter(_ proxy: FaultProxy) async throws -> Result {
      let here = "127.0.0.1:\(proxy.port)"
      switch door {
      case .ldap:
        try world.configure(corp: world.directoryTarget(url: "ldap://\(here)", more: ", \(limits)"))
      case .startTLS:
        let tls = "tls: { caFile: \"\(authority)\", startTLS: true }"
        try world.configure(
          corp: world.directoryTarget(url: "ldap://\(here)", more: ", \(limits), \(tls)"))
      case .ldaps, .ldapsRecords:
        let tls = "tls: { caFile: \"\(authority)\" }"
        try world.configure(
          corp: world.directoryTarget(url: "ldaps://\(here)", more: ", \(limits), \(tls)"))
      case .http:
        try world.configure(wiki: world.wikiTarget("http://\(here)/v2", more: ", \(limits)"))
      case .https, .httpsRecords:
        let tls = "tls: { caFile: \"\(authority)\" }"
        try world.configure(
          wiki: world.wikiTarget("https://\(here)/v2", more: ", \(limits), \(tls)"))
      }
      var station = FaultStation(door: door, world: world, proxy: proxy)
      return try await body(&station)
    }
    switch door {
    case .ldap:
      return try await withFaultProxy(.ldap, before: world.directory.port, enter)
    case .startTLS:
      return try await withFaultProxy(
        .ldap, before: world.directory.port, certificate: certificate(startTLS: true), enter)
    case .ldaps:
      return try await withFaultProxy(
        .ldap, before: world.directory.port, certificate: certificate(), enter)
    case .ldapsRecords:
      return try await withFaultProxy(.tls, before: world.directory.tlsPort, enter)
    case .http:
      return try await withFaultProxy(.http, before: world.wikiPort, enter)
    case .https:
      return try await withFaultProxy(
        .http, before: world.wikiPort, certificate: certificate(), enter)
    case .httpsRecords:
      return try await withFaultProxy(.http, before: world.wikiPort, certificate: certificate()) {
        try await withFaultProxy(.tls, before: $0.port, enter)
      }
    }
  }
}

extension World {
  fileprivate var wikiPort: UInt16 { wiki?.server.url.port ?? 0 }
}
