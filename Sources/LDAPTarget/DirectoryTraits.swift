import AccessModel
import LDAPClient

extension Schema {
  /// What Active Directory's classes demand and it fills in by itself (MS-ADTS §3.1.1.5.2.2).
  private static let filledIn: Set = [
    "instancetype", "ntsecuritydescriptor", "objectcategory", "objectsid", "samaccountname",
    "grouptype",
  ]

  /// What whoever adds an entry of these classes has to give, in lower case.
  func demanded(by objectClasses: [String]) -> [String] {
    required(by: objectClasses).filter { !Self.filledIn.contains($0) }
  }
}

/// In what servers differ, as far as it matters to writing and reading groups. Everything here is
/// asked or observed; nothing is concluded from a product's name.
struct DirectoryTraits: Sendable {
  /// A write can be made to depend on what is there in that instant (RFC 4528).
  var canAssert = false
  /// A write can bring back what is there after it (RFC 4527).
  var canPostRead = false
  /// Active Directory and what is like it: other result codes, and member lists in ranges.
  var isActiveDirectory = false

  init(_ root: RootDSE?) {
    guard let root else { return }
    canAssert = root.supportedControls.contains(RequestControl.assertionIdentifier)
    canPostRead = root.supportedControls.contains(RequestControl.postReadIdentifier)
    isActiveDirectory = root.supportedCapabilities.contains("1.2.840.113556.1.4.800")
  }

  enum Answer {
    case done
    /// The guard found another state than the one that was read.
    case guarded
    /// A value that was to be added is there, or one that was to be removed is not.
    case conflict
    /// The class demands a member.
    case needsMember
    case gone
    /// It is about what was sent: without the value at fault the rest may pass.
    case refused
    /// It is about the group or the server, whatever the values.
    case closed
  }

  /// What an answer to a change of members means.
  func meaning(_ code: LDAPResultCode) -> Answer {
    switch code {
    case .success: .done
    case .assertionFailed: .guarded
    case .attributeOrValueExists, .noSuchAttribute, .entryAlreadyExists: .conflict
    case .unwillingToPerform: isActiveDirectory ? .conflict : .closed
    case .objectClassViolation: .needsMember
    case .noSuchObject: .gone
    case .referral: .closed
    default: code.disposition == .skipChange ? .refused : .closed
    }
  }
}
