import ConnectorTesting
import HTTPTransport
import SCIMClient
import Secrets

let base = "https://wiki.example.org/scim/v2"

func provider(
  _ transport: any HTTPTransport, clock: any Clock<Duration> = RecordingClock(),
  credential: Credential = .bearer(Secret(Array("canary-token".utf8)))
) throws -> ServiceProvider {
  ServiceProvider(
    baseURL: try HTTPURL(parsing: base), credential: credential, transport: transport,
    clock: clock)
}

func answer(_ status: Int = 200, _ body: String = "", _ fields: [String: String] = [:])
  -> HTTPResponse
{
  HTTPResponse(
    status: status, fields: fields.map { HTTPField($0.key, $0.value) }, body: Array(body.utf8))
}

extension HTTPRequest {
  /// The value of a query item, still escaped.
  func query(_ name: String) -> String? {
    url.query?.split(separator: "&").first { $0.hasPrefix("\(name)=") }
      .map { String($0.dropFirst(name.count + 1)) }
  }

  func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
