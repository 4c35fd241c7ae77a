/// What every request says of its sender: some services refuse requests that say nothing.
package enum UserAgent {
  package static let version = "0.1.0"
  package static let value = "bellhop/\(version)"
}
