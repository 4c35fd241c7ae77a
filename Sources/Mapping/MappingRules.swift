package import AccessModel
package import Expressions

/// An expression and where it stands.
package struct LocatedExpression: Equatable, Sendable {
  package let expression: Expression
  package let location: SourceLocation
}

/// What an access package entitles its holders to.
package struct PackageRule: Equatable, Sendable {
  /// Which packages are meant: those that have all of the given.
  package struct Match: Equatable, Sendable {
    package let name: String?
    package let id: String?
    package let catalog: String?

    package func includes(_ package: AccessPackage) -> Bool {
      (name.map { same($0, package.name) } ?? true) && (id.map { same($0, package.id) } ?? true)
        && (catalog.map { same($0, package.catalog) } ?? true)
    }

    private func same(_ wanted: String, _ found: String?) -> Bool {
      found?.utf8.elementsEqual(wanted.utf8) ?? false
    }
  }

  package let match: Match
  /// The assignments it applies to: those of subjects this is true of.
  package let condition: LocatedExpression?
  package let entitlements: [Entitlement]
  package let location: SourceLocation
}

/// One thing that can be held in a target.
package struct Entitlement: Equatable, Sendable {
  package enum Object: Equatable, Sendable {
    /// An account without any membership.
    case account
    case group(EntitlementKey)
  }

  package let target: TargetID
  package let object: Object
  package let location: SourceLocation
}

/// How the accounts of one target are made from subjects.
package struct AccountsRule: Equatable, Sendable {
  package enum Source: Equatable, Sendable {
    case expression(LocatedExpression)
    case constant([String])
  }

  package struct Attribute: Equatable, Sendable {
    package let name: String
    package let source: Source
    package let location: SourceLocation
  }

  package let target: TargetID
  /// Sorted by name.
  package let attributes: [Attribute]
  package let rule: AccountRule
  package let location: SourceLocation
}
