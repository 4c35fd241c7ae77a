import ConnectorTesting
import Foundation

/// A private authority and what it signed, as PEM files in a folder of their own; made by openssl.
struct Certificates: Sendable {
  enum Fault: String, CaseIterable, Sendable {
    case none
    case unknownAuthority = "signed by an authority nobody knows"
    case selfSigned = "signed by itself"
    case expired
    case notYetValid = "not yet valid"
    case otherHost = "for another host"
    case nameForAddress = "for a name, where an address is asked for"
    case commonNameOnly = "with the address in its common name only"
  }

  let folder: URL
  var authority: String { path("authority.crt") }
  var stranger: String { path("stranger.crt") }

  func file(_ fault: Fault) -> String { path("\(fault).crt") }
  func key(_ fault: Fault) -> String { path("\(fault).key") }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Makes one of each kind for 127.0.0.1.
  init(in folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["authority", "stranger"] {
      try openssl(
        ["req", "-x509"] + Self.newKey + [
          "-keyout", path("\(name).key"), "-out", path("\(name).crt"), "-days", "30", "-subj",
          "/CN=\(name)", "-addext", "keyUsage=critical,keyCertSign",
        ])
    }
    for fault in Fault.allCases { try make(fault) }
  }

  private static let newKey = [
    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
  ]

  private func make(_ fault: Fault) throws {
    let names: String? =
      switch fault {
      case .otherHost: "DNS:ldap.example.org"
      case .nameForAddress: "DNS:localhost"
      case .commonNameOnly: nil
      default: "IP:127.0.0.1"
      }
    let extensions =
      ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"]
      + (names.map { ["subjectAltName=\($0)"] } ?? [])
    if fault == .selfSigned {
      return try openssl(
        ["req", "-x509"] + Self.newKey + [
          "-keyout", key(fault), "-out", file(fault), "-days", "30", "-subj", "/CN=127.0.0.1",
        ] + extensions.flatMap { ["-addext", $0] })
    }
    let request = path("\(fault).csr")
    try openssl(
      ["req"] + Self.newKey + ["-keyout", key(fault), "-out", request, "-subj", "/CN=127.0.0.1"])
    let signer = fault == .unknownAuthority ? "stranger" : "authority"
    let (start, end) =
      switch fault {
      case .expired: ("20200101000000Z", "20200201000000Z")
      case .notYetValid: ("20440101000000Z", "20440201000000Z")
      default: ("20200101000000Z", "20480101000000Z")
      }
    let configuration = path("\(fault).cnf")
    let index = path("\(fault).index")
    try Data().write(to: URL(filePath: index))
    try """
    [ca]
    default_ca = it
    [it]
    database = \(index)
    new_certs_dir = \(folder.path)
    rand_serial = yes
    default_md = sha256
    policy = any
    x509_extensions = extensions
    [any]
    commonName = supplied
    [extensions]
    \(extensions.joined(separator: "\n"))
    """.write(toFile: configuration, atomically: false, encoding: .utf8)
    try openssl([
      "ca", "-batch", "-notext", "-config", configuration, "-cert", path("\(signer).crt"),
      "-keyfile", path("\(signer).key"), "-startdate", start, "-enddate", end, "-in", request,
      "-out", file(fault),
    ])
  }

  private func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let log = folder.appending(path: "openssl.log")
    try Data().write(to: log)
    process.standardOutput = try FileHandle(forWritingTo: log)
    process.standardError = try FileHandle(forWritingTo: log)
    try process.startAlone()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let said = try String(contentsOf: log, encoding: .utf8)
      throw Installation.Failure(description: "openssl \(arguments[0]): \(said)")
    }
  }
}
