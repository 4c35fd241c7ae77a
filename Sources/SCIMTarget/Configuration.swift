package import AccessModel
internal import Glibc
package import HTTPTransport
package import SCIMClient

extension SCIMTarget {
  package struct Configuration: Sendable {
    package var id: TargetID
    package var url: String
    package var auth: Credential
    /// Trust the authorities in this PEM file and no others.
    package var caFile: String?
    package var clientCertificate: CurlTransport.ClientCertificate?
    /// `nil` connects directly.
    package var proxy: HTTPURL?
    /// `nil` takes the dialect of the URL's host, if there is one, and finds out the rest.
    package var dialect: Dialect?
    /// Whether mapped groups that are missing are created.
    package var createGroups = false
    package var adopt = false
    /// Groups by `displayName`, accounts by `userName` or `id`: never written, compared without
    /// regard to case.
    package var `protected`: [String] = []
    package var connectTimeout: Duration = .seconds(10)
    package var totalTimeout: Duration = .seconds(60)
    package var idleTimeout: Duration = .seconds(30)

    package init(id: TargetID, url: String, auth: Credential) {
      self.id = id
      self.url = url
      self.auth = auth
    }

    func isProtected(_ name: String?) -> Bool {
      guard let folded = name?.lowercased() else { return false }
      return self.protected.contains { $0.lowercased() == folded }
    }

    func checkedURL() throws(ConfigurationError) -> HTTPURL {
      let parsed: HTTPURL
      do throws(HTTPURL.SyntaxError) {
        parsed = try HTTPURL(parsing: url)
      } catch {
        throw ConfigurationError(description: "\(id): \(error)")
      }
      guard parsed.query == nil else {
        throw ConfigurationError(description: "\(id): the URL must not have a query")
      }
      guard parsed.isProtected else {
        throw ConfigurationError(
          description: "\(id): plain http to \(parsed.host) would show the credential to the "
            + "network; use https")
      }
      if let fault = auth.fault {
        throw ConfigurationError(description: "\(id): \(fault)")
      }
      if let caFile, access(caFile, R_OK) != 0 {
        throw ConfigurationError(description: "\(id): CA file \(caFile) cannot be read")
      }
      if case .certificate = auth, clientCertificate == nil {
        throw ConfigurationError(
          description: "\(id): auth by certificate needs a client certificate in 'tls'")
      }
      for file in [clientCertificate?.certificateFile, clientCertificate?.keyFile] {
        if let file, access(file, R_OK) != 0 {
          throw ConfigurationError(description: "\(id): \(file) cannot be read")
        }
      }
      return parsed
    }

    func dialect(for url: HTTPURL) -> Dialect { dialect ?? .automatic(host: url.host) }
  }

  /// The configuration can never work as it is.
  package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    package let description: String
  }
}
