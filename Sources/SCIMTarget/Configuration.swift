package import AccessModel
internal import Glibc
internal import HTTPTransport
package import SCIMClient

extension SCIMTarget {
  package struct Configuration: Sendable {
    package var id: TargetID
    package var url: String
    package var auth: Credential
    /// Trust the authorities in this PEM file and no others.
    package var caFile: String?
    /// Whether mapped groups that are missing are created.
    package var createGroups = false
    package var adopt = false
    /// Groups by `displayName`, accounts by `userName` or `id`: never written, compared without
    /// regard to case.
    package var `protected`: [String] = []
    /// Members named in one request.
    package var chunk = 100
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
      guard (1...1000).contains(chunk) else {
        throw ConfigurationError(description: "\(id): chunk \(chunk) is not within 1 and 1000")
      }
      return parsed
    }
  }

  /// The configuration can never work as it is.
  package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    package let description: String
  }
}
