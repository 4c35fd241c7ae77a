package import SCIMClient

/// How one kind of service departs from the standard, and what it bears.
///
/// What is `nil` is left to discovery and to what the service is seen to do. Nothing here asks which
/// product answers: a dialect is a set of habits, and any of them can be set by the operator.
package struct Dialect: Sendable, Equatable {
  package var name: String
  /// Host names, or ends of them, at which `auto` takes it.
  package var hosts: [String] = []

  // Reading
  package var paging: Capabilities.Paging?
  /// Resources on one page.
  package var pageSize: Int?
  package var filters: Bool?
  /// Whether groups show their members; `nil` is found out.
  package var showsMembers: Bool?

  // Writing
  package var patch: Bool?
  /// Whether `If-Match` means anything.
  package var versions: Bool?
  package var bulk: Bool?
  /// Whether attributes that the service's schema lacks are left out.
  package var trustsSchema: Bool?
  package var firstWay = WriteWay.paths
  package var groups = true
  /// Members named in one request.
  package var memberChunk = 100
  package var memberRemoval = MemberRemoval.filter
  /// Whether a group's whole list may be replaced where single members cannot be changed.
  package var wholeLists = true
  /// What DELETE of a user does.
  package var deletion = Deletion.removes

  // Pace
  package var writes: Rate?
  /// Of groups; each counts among the writes too.
  package var groupWrites: Rate?
  /// Requests in flight at once.
  package var concurrency = 3

  package init(_ name: String) { self.name = name }

  package enum WriteWay: String, Sendable, CaseIterable {
    /// PATCH, one operation with a path for each attribute.
    case paths
    /// PATCH, one operation without a path.
    case pathless
    /// PUT of the whole resource.
    case put
  }

  package enum MemberRemoval: String, Sendable, CaseIterable {
    /// `members[value eq "…"]`.
    case filter
    /// The path `members` and a list of values. By the standard this empties the group: only for a
    /// service that was seen to take it for what it says.
    case valueArray
  }

  package enum Deletion: String, Sendable, CaseIterable {
    case removes
    /// The account stays, inactive.
    case deactivates
    /// The account is gone for good, with whatever it held: never sent.
    case irreversible
  }
}
