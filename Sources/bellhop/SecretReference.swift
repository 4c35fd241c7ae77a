/// Where a secret is kept. The configuration never holds one itself.
enum SecretReference: Equatable, Sendable {
  /// An absolute path.
  case file(String)
  /// The name of an environment variable.
  case env(String)
  /// A program with its arguments, started without a shell; its output is the secret.
  case command([String])
}

extension SecretReference: CustomStringConvertible {
  var description: String {
    switch self {
    case .file(let path): "file \(path)"
    case .env(let name): "environment variable \(name)"
    case .command(let arguments): "command \(arguments[0])"
    }
  }
}
