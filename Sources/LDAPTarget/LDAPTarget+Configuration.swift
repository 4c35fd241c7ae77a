package import AccessModel
package import Secrets

extension LDAPTarget {
  /// A directory as an administrator describes it. Nothing in it has been checked yet.
  package struct Configuration: Sendable {
    package enum Bind: Sendable {
      case simple(dn: String, password: Secret)
      /// By our user id, over an `ldapi://` socket.
      case external
    }

    package struct Accounts: Sendable {
      package var base: String
      package var objectClasses: [String]
      /// The attribute that names an account within `base`.
      package var rdn: String
      /// The attribute that holds the subject's id.
      package var anchor: String

      package init(base: String, objectClasses: [String], rdn: String, anchor: String) {
        self.base = base
        self.objectClasses = objectClasses
        self.rdn = rdn
        self.anchor = anchor
      }
    }

    package struct Groups: Sendable {
      package var base: String
      package var objectClass: String
      /// Where a group of another class than the known four keeps its members.
      package var memberAttribute: String?
      package var memberValue: MemberValue?
      /// The DN that stands in a group whose class must not be empty.
      package var placeholder: String?

      package init(
        base: String, objectClass: String, memberAttribute: String? = nil,
        memberValue: MemberValue? = nil, placeholder: String? = nil
      ) {
        self.base = base
        self.objectClass = objectClass
        self.memberAttribute = memberAttribute
        self.memberValue = memberValue
        self.placeholder = placeholder
      }
    }

    /// What of an account stands in a group.
    package enum MemberValue: Equatable, Sendable {
      case dn
      case uid
      case attribute(String)
    }

    package var id: TargetID
    package var urls: [String]
    package var caFile: String?
    package var startTLS = false
    package var bind: Bind
    package var accounts: Accounts
    /// `nil` where only accounts are kept.
    package var groups: Groups?
    /// Memberships found present when first desired become ours.
    package var adopt = false
    /// Entries that are never written, nor anything below them.
    package var protected: [String] = []
    /// The attribute with an id that is never given again; `nsUniqueId` on some servers.
    package var immutableID = "entryUUID"
    package var connectTimeout: Duration = .seconds(10)
    package var operationTimeout: Duration = .seconds(60)

    package init(
      id: TargetID, urls: [String], bind: Bind, accounts: Accounts, groups: Groups?
    ) {
      self.id = id
      self.urls = urls
      self.bind = bind
      self.accounts = accounts
      self.groups = groups
    }
  }
}
