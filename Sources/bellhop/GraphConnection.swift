import AccessModel
import Foundation
import GraphClient
import HTTPTransport
import OAuth
import Secrets
import Signing

/// Makes the client of one tenant's Graph from what the configuration says of it.
struct GraphConnection {
  let secrets: (SecretReference) throws -> Secret
  let environment: [String: String]

  func service(_ configuration: GraphSourceConfiguration) throws -> GraphService {
    var settings = CurlTransport.Configuration()
    settings.caFile = configuration.caFile
    settings.proxy = configuration.proxy
    let transport = CurlTransport(settings)
    return GraphService(
      cloud: configuration.cloud,
      tokens: TokenCache(try issuer(configuration, transport)), transport: transport)
  }

  private func issuer(
    _ configuration: GraphSourceConfiguration, _ transport: any HTTPTransport
  ) throws -> any TokenIssuer {
    switch configuration.credential {
    case .clientSecret(let reference):
      return endpoint(configuration, .form(try secrets(reference)), transport)
    case .certificate(let certificate, let key, let algorithm):
      return endpoint(
        configuration,
        .assertion(assertion(configuration, certificate, key, algorithm)), transport)
    case .workloadIdentity(let tokenFile):
      return try workloadIdentity(configuration, tokenFile, transport)
    case .managedIdentity(let identity): return try managedIdentity(configuration, identity)
    }
  }

  private func endpoint(
    _ configuration: GraphSourceConfiguration, _ proof: ClientCredentials.Proof,
    _ transport: any HTTPTransport
  ) -> TokenEndpoint {
    TokenEndpoint(
      ClientCredentials(
        tokenURL: configuration.cloud.tokenURL(tenant: configuration.tenant),
        clientID: configuration.clientID, proof: proof, scope: configuration.cloud.scope),
      transport: transport)
  }

  private func assertion(
    _ configuration: GraphSourceConfiguration, _ certificate: String, _ key: String,
    _ algorithm: SigningKey.Algorithm
  ) -> @Sendable () async throws(TokenError) -> Secret {
    let files = SecretResolver(environment: environment)
    let audience = configuration.cloud.tokenURL(tenant: configuration.tenant).description
    let clientID = configuration.clientID
    return { () throws(TokenError) in
      do {
        let key = try SigningKey(
          certificate: Array(try Data(contentsOf: URL(filePath: certificate))),
          key: try files.contents(of: key))
        let text = try ClientAssertion(key: key, algorithm: algorithm).text(
          audience: audience, clientID: clientID,
          now: Instant.wallClock.microseconds / 1_000_000)
        return Secret(Array(text.utf8))
      } catch {
        throw TokenError(isPermanent: true, message: "\(certificate), \(key): \(error)")
      }
    }
  }

  /// The platform's webhook sets what the configuration leaves out
  /// (https://azure.github.io/azure-workload-identity).
  private func workloadIdentity(
    _ configuration: GraphSourceConfiguration, _ tokenFile: String?,
    _ transport: any HTTPTransport
  ) throws -> any TokenIssuer {
    func value(_ configured: String?, _ name: String) throws -> String {
      if let configured, !configured.isEmpty { return configured }
      guard let value = environment[name], !value.isEmpty else {
        throw CommandFailure(
          status: .configuration,
          message: "workloadIdentity: environment variable \(name) is not set")
      }
      return value
    }
    let path = try value(tokenFile, "AZURE_FEDERATED_TOKEN_FILE")
    let completed = GraphSourceConfiguration(
      cloud: configuration.cloud, tenant: try value(configuration.tenant, "AZURE_TENANT_ID"),
      clientID: try value(configuration.clientID, "AZURE_CLIENT_ID"),
      credential: configuration.credential, caFile: configuration.caFile,
      proxy: configuration.proxy, settings: configuration.settings)
    return endpoint(
      completed, .assertion { () throws(TokenError) in try TokenFile.read(path) }, transport)
  }

  /// The endpoint of App Service and its like if they say that there is one, else the machine's.
  private func managedIdentity(
    _ configuration: GraphSourceConfiguration, _ identity: ManagedIdentity.Identity
  ) throws -> any TokenIssuer {
    var settings = CurlTransport.Configuration()
    settings.allowsLinkLocal = true
    let endpoint: ManagedIdentity.Endpoint
    if let url = environment["IDENTITY_ENDPOINT"], let header = environment["IDENTITY_HEADER"] {
      endpoint = .application(
        try endpointURL(url, "IDENTITY_ENDPOINT"), header: Secret(Array(header.utf8)))
    } else {
      let host = environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] ?? "http://169.254.169.254"
      endpoint = .metadata(try endpointURL(host, "AZURE_POD_IDENTITY_AUTHORITY_HOST"))
    }
    return ManagedIdentity(
      endpoint: endpoint, identity: identity, resource: configuration.cloud.resource,
      transport: CurlTransport(settings))
  }

  private func endpointURL(_ text: String, _ name: String) throws -> HTTPURL {
    do {
      return try HTTPURL(parsing: text)
    } catch {
      throw CommandFailure(
        status: .configuration, message: "managedIdentity: \(name): \(error)")
    }
  }
}
