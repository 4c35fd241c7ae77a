internal import AccessModel
internal import SCIMClient

/// An attribute and the values it should get.
struct AttributeWrite: Sendable {
  let path: SCIMAttributePath
  let before: [String]
  let after: [String]

  static let activeName = "active"

  static func active(_ isActive: Bool) -> AttributeWrite {
    AttributeWrite(path: .active, before: [], after: [isActive ? "true" : "false"])
  }

  static func parse(
    _ changes: [AttributeChange]
  ) -> Result<[AttributeWrite], SCIMAttributePath.SyntaxError> {
    var writes: [AttributeWrite] = []
    for change in changes {
      do throws(SCIMAttributePath.SyntaxError) {
        let path = try SCIMAttributePath(parsing: change.name)
        if let fault = path.fault(in: change.after) {
          return .failure(SCIMAttributePath.SyntaxError(description: fault))
        }
        writes.append(AttributeWrite(path: path, before: change.before, after: change.after))
      } catch {
        return .failure(error)
      }
    }
    return .success(writes)
  }

  func isDone(in user: Resource) -> Bool { path.accepts(path.values(in: user.body), asked: after) }
}
