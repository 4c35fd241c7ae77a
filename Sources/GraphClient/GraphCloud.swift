package import HTTPTransport

/// Where tokens come from and where Graph is: the hosts of one Microsoft cloud, or others.
package struct GraphCloud: Equatable, Sendable {
  package let login: HTTPURL
  /// Without the version.
  package let graph: HTTPURL

  package init(login: HTTPURL, graph: HTTPURL) {
    self.login = login
    self.graph = graph
  }

  /// By its name in the configuration; `nil` for any other word.
  package init?(named name: String) {
    guard let hosts = Self.hosts[name] else { return nil }
    do throws(HTTPURL.SyntaxError) {
      self.init(
        login: try HTTPURL(parsing: "https://\(hosts.login)"),
        graph: try HTTPURL(parsing: "https://\(hosts.graph)"))
    } catch {
      return nil
    }
  }

  package static let names = ["global", "usgov", "usgovdod", "china"]

  /// https://learn.microsoft.com/graph/deployments
  private static let hosts = [
    "global": (login: "login.microsoftonline.com", graph: "graph.microsoft.com"),
    "usgov": (login: "login.microsoftonline.us", graph: "graph.microsoft.us"),
    "usgovdod": (login: "login.microsoftonline.us", graph: "dod-graph.microsoft.us"),
    "china": (login: "login.chinacloudapi.cn", graph: "microsoftgraph.chinacloudapi.cn"),
  ]

  package func tokenURL(tenant: String) -> HTTPURL {
    login.appending(tenant, "oauth2", "v2.0", "token")
  }

  /// What a token for this Graph is asked for.
  package var scope: String { "\(graph)/.default" }
  /// The same for managed identities.
  package var resource: String { "\(graph)/" }
}
