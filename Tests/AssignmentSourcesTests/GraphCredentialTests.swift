import ConnectorTesting
import Foundation
import GraphClient
import HTTPTransport
import OAuth
import Secrets
import Signing
import Testing

/// The certificate's own program checks what we sign.
@Suite struct GraphCredentialTests {
  @Test(arguments: SigningKey.Algorithm.allCases)
  func `an assertion names the certificate and is signed by its key`(
    algorithm: SigningKey.Algorithm
  ) async throws {
    try withKeyPair { folder, key in
      let text = try ClientAssertion(key: key, algorithm: algorithm).text(
        audience: "https://login.example/t/oauth2/v2.0/token", clientID: "bellhop",
        now: 1_790_000_000)
      let parts = text.components(separatedBy: ".")
      let header = try #require(String(data: decoded(parts[0]), encoding: .utf8))
      let digest = algorithm == .ps256 ? "sha256" : "sha1"
      let print = try openssl(
        "x509", "-in", "\(folder)/c.pem", "-noout", "-fingerprint", "-\(digest)")
      let hexadecimal = print.split(separator: "=")[1].filter { $0.isHexDigit }.lowercased()
      let name = algorithm == .ps256 ? "x5t#S256" : "x5t"
      let field = try #require(
        try JSONSerialization.jsonObject(with: decoded(parts[0])) as? [String: String])
      #expect(decoded(field[name] ?? "").map { String(format: "%02x", $0) }.joined() == hexadecimal)
      #expect(header.contains(#""alg":"\#(algorithm.rawValue)""#))

      try Data((parts[0] + "." + parts[1]).utf8).write(to: URL(filePath: "\(folder)/signed"))
      try decoded(parts[2]).write(to: URL(filePath: "\(folder)/signature"))
      _ = try openssl(
        "x509", "-in", "\(folder)/c.pem", "-pubkey", "-noout", "-out", "\(folder)/p.pem")
      let padding =
        algorithm == .ps256
        ? ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] : []
      let verdict = try openssl(
        ["dgst", "-sha256", "-verify", "\(folder)/p.pem"] + padding
          + ["-signature", "\(folder)/signature", "\(folder)/signed"])
      #expect(verdict.contains("Verified OK"))
    }
  }

  @Test func `a key of another certificate is refused`() throws {
    _ = try withKeyPair { folder, _ in
      _ = try withKeyPair { other, _ in
        #expect(throws: SigningError.self) {
          try SigningKey(
            certificate: Array(Data(contentsOf: URL(filePath: "\(folder)/c.pem"))),
            key: Array(Data(contentsOf: URL(filePath: "\(other)/k.pem"))))
        }
      }
    }
  }

  @Test func `a certificate, a token file and managed identities all get a token`() async throws {
    try await withGraph { graph in
      let cloud = GraphCloud(login: graph.url, graph: graph.url)
      let url = cloud.tokenURL(tenant: "contoso")
      try await graph.set(#"{"identityHeader":"proof","federatedToken":"a.b.c"}"#)
      let file = "/tmp/bellhop-token-\(UUID())"
      try Data("a.b.c\n".utf8).write(to: URL(filePath: file))
      defer { do { try FileManager.default.removeItem(atPath: file) } catch {} }
      let assertion = try withKeyPair { _, key in ClientAssertion(key: key, algorithm: .ps256) }
      let proofs: [ClientCredentials.Proof] = [
        .assertion { () throws(TokenError) in try TokenFile.read(file) },
        .assertion { () throws(TokenError) in
          do {
            let now = Int64(Date().timeIntervalSince1970)
            return Secret(
              Array(
                try assertion.text(audience: "\(url)", clientID: "bellhop", now: now).utf8))
          } catch {
            throw TokenError(isPermanent: true, message: "\(error)")
          }
        },
      ]
      for proof in proofs {
        let token = try await TokenEndpoint(
          ClientCredentials(tokenURL: url, clientID: "bellhop", proof: proof, scope: cloud.scope),
          transport: CurlTransport()
        ).issue()
        #expect(token.lifetime == .seconds(3600))
      }
      for endpoint in [
        ManagedIdentity.Endpoint.metadata(graph.url),
        .application(graph.url.appending("msi", "token"), header: Secret(Array("proof".utf8))),
      ] {
        let token = try await ManagedIdentity(
          endpoint: endpoint, identity: .clientID("x"), resource: cloud.resource,
          transport: CurlTransport()
        ).issue()
        #expect(token.lifetime == .seconds(3600))
      }
    }
  }

  private func withKeyPair<Result>(_ body: (String, SigningKey) throws -> Result) throws -> Result {
    let folder = "/tmp/bellhop-key-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { do { try FileManager.default.removeItem(atPath: folder) } catch {} }
    _ = try openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bellhop",
      "-keyout",
      "\(folder)/k.pem", "-out", "\(folder)/c.pem")
    let key = try SigningKey(
      certificate: Array(Data(contentsOf: URL(filePath: "\(folder)/c.pem"))),
      key: Array(Data(contentsOf: URL(filePath: "\(folder)/k.pem"))))
    return try body(folder, key)
  }

  private func openssl(_ arguments: String...) throws -> String { try openssl(arguments) }

  private func openssl(_ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.startAlone()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text
  }

  private func decoded(_ text: String) -> Data {
    var padded = text.replacing("-", with: "+").replacing("_", with: "/")
    while padded.utf8.count % 4 != 0 { padded += "=" }
    return Data(base64Encoded: padded) ?? Data()
  }
}
