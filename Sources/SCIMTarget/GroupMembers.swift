internal import AccessModel
internal import JSON
internal import SCIMClient

/// The `members` of a Group.
///
/// A group that leaves them out has none only if it was asked for by its id, and only where the
/// service shows members at all: listings and searches often leave them out, and some services
/// never show any.
struct GroupMembers {
  let ids: Set<AccountKey>
  /// Whether every element says who it is.
  let areAllNamed: Bool

  static let none = GroupMembers(ids: [], areAllNamed: true)

  private init(ids: Set<AccountKey>, areAllNamed: Bool) {
    self.ids = ids
    self.areAllNamed = areAllNamed
  }

  /// `nil` if the group does not show its members.
  init?(_ group: Resource) {
    guard let elements = group.body["members"]?.elements else { return nil }
    let accounts = elements.compactMap(Self.account)
    self.init(ids: Set(accounts), areAllNamed: accounts.count == elements.count)
  }

  /// Whom an element names: by `value`, which some services leave out, or by `$ref`, the URL of a user,
  /// or by being nothing but the id.
  static func account(_ element: JSONValue) -> AccountKey? {
    let id =
      element["value"]?.text ?? element["$ref"]?.text.flatMap { Resource.id(inLocation: $0) }
      ?? element.text
    return id.flatMap { $0.isEmpty ? nil : AccountKey($0) }
  }
}
