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

  /// Without what the service's schema does not have or keeps for itself: it would refuse the rest
  /// with it.
  static func parse(
    _ changes: [AttributeChange], for schema: UserSchema?
  ) -> Result<[AttributeWrite], SCIMAttributePath.SyntaxError> {
    var writes: [AttributeWrite] = []
    for change in changes {
      do throws(SCIMAttributePath.SyntaxError) {
        let path = try SCIMAttributePath(parsing: change.name).adapted(to: schema)
        if let fault = path.fault(in: change.after) {
          return .failure(SCIMAttributePath.SyntaxError(description: fault))
        }
        if [.missing, .readOnly].contains(path.writability(in: schema)) { continue }
        writes.append(AttributeWrite(path: path, before: change.before, after: change.after))
      } catch {
        return .failure(error)
      }
    }
    return .success(writes)
  }

  /// The operation of a PATCH with paths.
  var operation: PatchOperation { path.operation(from: before, to: after) }

  func isDone(in user: Resource) -> Bool { path.accepts(path.values(in: user.body), asked: after) }

  /// What the service keeps where that is not, byte for byte, what it was sent.
  func kept(in user: Resource) -> Knowledge.Kept? {
    let values = path.values(in: user.body)
    return values.map { Array($0.utf8) } == after.map { Array($0.utf8) }
      ? nil : Knowledge.Kept(sent: after, kept: values)
  }
}
