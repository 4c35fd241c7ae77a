import AccessModel
import LDAPClient

/// A write that cannot succeed, whatever is in the entry: it deletes the same value twice, and one that
/// nobody has, so that a server which carried it out in part would change nothing either. A server that
/// would let us write says that there is no such value (16); one that would not says why instead.
///
/// An assertion that fails would not tell: slapd looks at it before the right. Its no-op control is for what
/// is proven to be in the database (`DryRun`).
enum WriteTrial {
  static func request(
    _ attribute: String, _ value: String, in name: DistinguishedName
  ) -> LDAPRequest {
    let deletion = LDAPModification.delete(LDAPAttribute(attribute, [value]))
    return .modify(name, [deletion, deletion])
  }

  /// Why we may not write; `nil` if we may. Throws if no answer came.
  static func refusal(
    _ result: LDAPResult, isActiveDirectory: Bool = false
  ) throws(LDAPError) -> LDAPError? {
    switch result.code {
    case .noSuchAttribute: return nil
    // Active Directory and what is like it say so of a member that is absent.
    case .unwillingToPerform where isActiveDirectory: return nil
    case let code where code.isAnswer: return LDAPError(result)
    default: throw LDAPError(result)
    }
  }
}

extension Layout {
  /// What becomes of everything that is still to be written below `base` after some writes ended so:
  /// `nil` unless the server now refuses also a write that nothing is wrong with.
  func stop(
    after results: [LDAPSearchResult], below base: DistinguishedName,
    on connection: isolated LDAPConnection
  ) -> Outcome? {
    let codes: [LDAPResultCode] = [.referral, .busy, .unavailable, .unwillingToPerform]
    guard results.contains(where: { codes.contains($0.result.code) }) else { return nil }
    let trial = WriteTrial.request("description", "bellhop-trial", in: base)
    let answer = connection.perform([trial])[0].result
    let reason: String
    switch answer.code {
    case .referral:
      reason =
        "this server is a read-only copy and refers writes to another; name that one in 'url'"
    case .unwillingToPerform:
      reason =
        "this server takes no writes: \(LDAPError(answer)); make it writable, or name one that takes "
        + "them in 'url'"
    case .busy, .unavailable:
      reason = "this server takes no writes now: \(LDAPError(answer)); the next run tries again"
    default: return nil
    }
    return .failed(.stopTarget, reason: reason)
  }
}
