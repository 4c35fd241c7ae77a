import CLDAP

/// What a server answered (RFC 4511 §4.1.9), or, below zero, what libldap says when no answer came.
/// The set is open: any number is a code.
package struct LDAPResultCode: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32

  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let success = Self(rawValue: 0)
  package static let operationsError = Self(rawValue: 1)
  package static let protocolError = Self(rawValue: 2)
  package static let timeLimitExceeded = Self(rawValue: 3)
  package static let sizeLimitExceeded = Self(rawValue: 4)
  package static let authMethodNotSupported = Self(rawValue: 7)
  package static let strongerAuthRequired = Self(rawValue: 8)
  package static let referral = Self(rawValue: 10)
  package static let adminLimitExceeded = Self(rawValue: 11)
  package static let unavailableCriticalExtension = Self(rawValue: 12)
  package static let confidentialityRequired = Self(rawValue: 13)
  package static let noSuchAttribute = Self(rawValue: 16)
  package static let undefinedAttributeType = Self(rawValue: 17)
  package static let constraintViolation = Self(rawValue: 19)
  package static let attributeOrValueExists = Self(rawValue: 20)
  package static let invalidAttributeSyntax = Self(rawValue: 21)
  package static let noSuchObject = Self(rawValue: 32)
  package static let invalidDNSyntax = Self(rawValue: 34)
  package static let inappropriateAuthentication = Self(rawValue: 48)
  package static let invalidCredentials = Self(rawValue: 49)
  package static let insufficientAccessRights = Self(rawValue: 50)
  package static let busy = Self(rawValue: 51)
  package static let unavailable = Self(rawValue: 52)
  package static let unwillingToPerform = Self(rawValue: 53)
  package static let namingViolation = Self(rawValue: 64)
  package static let objectClassViolation = Self(rawValue: 65)
  package static let notAllowedOnNonLeaf = Self(rawValue: 66)
  package static let notAllowedOnRDN = Self(rawValue: 67)
  package static let entryAlreadyExists = Self(rawValue: 68)
  package static let other = Self(rawValue: 80)
  package static let assertionFailed = Self(rawValue: 122)
  /// The cookie of a content synchronisation is of no use (RFC 4533 §2.6).
  package static let syncRefreshRequired = Self(rawValue: 4096)

  package static let serverDown = Self(rawValue: -1)
  package static let localError = Self(rawValue: -2)
  package static let timedOut = Self(rawValue: -5)
  package static let cancelled = Self(rawValue: -8)
  package static let connectError = Self(rawValue: -11)

  /// Whether a server said it; otherwise libldap did, for want of an answer.
  package var isAnswer: Bool { rawValue >= 0 }

  /// Whether it says what is wrong with a write, which then was not made. After any other failure only
  /// reading tells: something on the way may have answered for a server that did it.
  package var isAboutTheRequest: Bool {
    switch rawValue {
    case 2, 12, 16...21, 32...36, 50, 64...71, 122: true
    default: false
    }
  }
}

extension LDAPResultCode: CustomStringConvertible {
  /// The words of libldap and the number: `No such object (32)`.
  package var description: String {
    "\(String(cString: ldap_err2string(rawValue))) (\(rawValue))"
  }
}
