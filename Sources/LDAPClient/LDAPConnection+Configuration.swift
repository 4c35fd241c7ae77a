package import Secrets

/// A connection that must not be made: what was configured is unsafe or makes no sense.
package struct LDAPConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

extension LDAPConnection {
  package enum Bind: Sendable {
    case simple(DistinguishedName, Secret)
    /// SASL EXTERNAL: the server knows us by our user id at the other end of an `ldapi://` socket.
    case external
  }

  /// How to reach a directory. Certificates are always checked, chain and host name; there is
  /// nothing here to turn that off.
  package struct Configuration: Sendable {
    package private(set) var urls: [LDAPURL]
    package let startTLS: Bool
    /// PEM file of the authorities to trust; those of the system otherwise.
    package let caFile: String?
    package let bind: Bind
    package let connectTimeout: Duration
    /// How long to wait without any sign from the server.
    package let operationTimeout: Duration
    /// How long a search may take in all, whatever comes meanwhile.
    package let searchTimeout: Duration

    /// Throws for a plain connection that leaves this machine, an empty password, which servers
    /// take for an anonymous bind (RFC 4513 §5.1.2), and for settings that contradict each other.
    package init(
      urls: [LDAPURL], startTLS: Bool = false, caFile: String? = nil, bind: Bind,
      connectTimeout: Duration = .seconds(10), operationTimeout: Duration = .seconds(60),
      searchTimeout: Duration = .seconds(1800)
    ) throws(LDAPConfigurationError) {
      guard !urls.isEmpty else { throw LDAPConfigurationError("no url is given") }
      for url in urls {
        switch url.scheme {
        case .ldap where !startTLS && !url.isLoopback:
          throw LDAPConfigurationError(
            "url '\(url)' would send passwords and data in the clear; use ldaps:// or startTLS: true"
          )
        case .ldaps where startTLS, .ldapi where startTLS:
          throw LDAPConfigurationError("url '\(url)': startTLS: true is for ldap:// only")
        case .ldap, .ldaps, .ldapi: break
        }
      }
      switch bind {
      case .simple(let name, let password):
        guard !name.names.isEmpty else {
          throw LDAPConfigurationError("bind: the dn is empty; an anonymous bind is never made")
        }
        guard !password.isEmpty else {
          throw LDAPConfigurationError(
            "bind: the password of '\(name)' is empty; a server would take it for anonymous")
        }
      case .external:
        if let url = urls.first(where: { $0.scheme != .ldapi }) {
          throw LDAPConfigurationError("url '\(url)': bind: external needs an ldapi:// url")
        }
      }
      guard connectTimeout > .zero, operationTimeout > .zero, searchTimeout > .zero else {
        throw LDAPConfigurationError("timeouts must be longer than nothing")
      }
      self.urls = urls
      self.startTLS = startTLS
      self.caFile = caFile
      self.bind = bind
      self.connectTimeout = connectTimeout
      self.operationTimeout = operationTimeout
      self.searchTimeout = searchTimeout
    }

    /// The same directory by one of its servers.
    package func reaching(only url: LDAPURL) -> Configuration {
      var copy = self
      copy.urls = [url]
      return copy
    }
  }
}
