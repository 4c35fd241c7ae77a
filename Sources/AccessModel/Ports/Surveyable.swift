/// A target that can say what is in it without being told what to look for.
package protocol Surveyable: Target {
  /// Throws if the target cannot be read to its end.
  func survey() async throws(TargetError) -> Survey
}

/// What a mapping of a whole target would name.
package struct Survey: Equatable, Sendable {
  package struct Group: Equatable, Sendable {
    package let key: EntitlementKey
    /// As a mapping would name it.
    package let name: String
    /// A short name for people; several groups may share one.
    package let title: String

    package init(key: EntitlementKey, name: String, title: String) {
      self.key = key
      self.name = name
      self.title = title
    }
  }

  /// Every group that may be written, sorted by key.
  package let groups: [Group]
  /// Groups that were seen and that no mapping can name, with the reason, sorted.
  package let unnameable: [String]
  /// The account attributes without which none is created, sorted; the natural key is one of them.
  package let accountAttributes: [String]
  /// What of an account is its e-mail address; `nil` if nothing is.
  package let emailAttribute: String?
  /// What people call its holder by.
  package let displayNameAttribute: String

  package init(
    groups: [Group], unnameable: [String], accountAttributes: [String], emailAttribute: String?,
    displayNameAttribute: String
  ) {
    self.groups = groups.sorted { $0.key < $1.key }
    self.unnameable = unnameable.sorted()
    self.accountAttributes = accountAttributes.sorted()
    self.emailAttribute = emailAttribute
    self.displayNameAttribute = displayNameAttribute
  }
}
