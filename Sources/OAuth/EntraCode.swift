/// The numbers by which Microsoft Entra tells why it gives no token. The texts that come with them are
/// not shown: they may quote what was sent.
enum EntraCode {
  static func words(of code: Int) -> String {
    ", AADSTS\(code)" + (meanings[code].map { ": \($0)" } ?? "")
  }

  /// Those that a set-up meets, and what to do about them.
  private static let meanings = [
    700016: "no application with this clientID in this tenant; compare both with its registration",
    90002: "there is no such tenant in this cloud; compare 'tenant' and 'cloud'",
    900023: "'tenant' is neither a tenant's id nor one of its domains",
    7_000_215: "the client secret is wrong; its value is needed, not its id",
    7_000_222: "the client secret has expired; make another one and replace it",
    700027: "the certificate is not one of the application's, or has ended; upload it",
    700024: "the assertion is not valid now; compare this machine's clock",
    70021: "no federated credential of the application fits the token's issuer and subject",
    700211: "no federated credential of the application fits the token's issuer",
    700213: "no federated credential of the application fits the token's subject",
    7_000_112: "the application is disabled in this tenant",
    53003: "a Conditional Access policy blocks the application",
    500011: "the resource is not known in this tenant; compare 'cloud' and 'graphURL'",
  ]
}
