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
      /// Further attributes that hold the same members, each in its way.
      package var companions: [(attribute: String, value: MemberValue)]
      /// The DN that stands in a group whose class must not be empty.
      package var placeholder: String?
      /// A group that would become empty is deleted instead, and created again when it is needed.
      package var recreate = false
      /// How mapped groups that are missing are created; `nil` does not create them.
      package var template: GroupTemplate?

      package init(
        base: String, objectClass: String, memberAttribute: String? = nil,
        memberValue: MemberValue? = nil,
        companions: [(attribute: String, value: MemberValue)] = [], placeholder: String? = nil
      ) {
        self.base = base
        self.objectClass = objectClass
        self.memberAttribute = memberAttribute
        self.memberValue = memberValue
        self.companions = companions
        self.placeholder = placeholder
      }
    }

    /// What a group is created with.
    package struct GroupTemplate: Sendable {
      /// Empty for the class of all groups alone.
      package var objectClasses: [String]
      package var attributes: [String: [String]]
      /// An attribute that gets a number which no other group has: `gidNumber`.
      package var number: (attribute: String, range: ClosedRange<Int>)?

      package init(
        objectClasses: [String] = [], attributes: [String: [String]] = [:],
        number: (attribute: String, range: ClosedRange<Int>)? = nil
      ) {
        self.objectClasses = objectClasses
        self.attributes = attributes
        self.number = number
      }
    }

    /// What of an account stands in a group.
    package enum MemberValue: Equatable, Sendable {
      case dn
      case uid
      case attribute(String)
    }

    /// What was read is used again, where it is kept, and for how long.
    package struct Memory: Sendable {
      /// Everything is read anew once the last full reading is older.
      package var fullReading: Duration
      /// All accounts are read anew once they were last read so long ago, whatever a listener proves;
      /// zero reads them every time.
      package var accounts: Duration
      /// A file of ours alone for what was read of groups; `nil` keeps it in this process.
      package var path: String?
      package var now: @Sendable () -> Instant

      package init(
        fullReading: Duration, accounts: Duration = .zero, path: String?,
        now: @escaping @Sendable () -> Instant
      ) {
        self.fullReading = fullReading
        self.accounts = min(accounts, fullReading)
        self.path = path
        self.now = now
      }
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
    /// `nil` reads everything every time.
    package var memory: Memory?
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
