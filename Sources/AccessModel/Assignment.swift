/// The person an assignment is for, as the source names them.
package struct Subject: Equatable, Sendable {
  package let id: SubjectID
  /// `displayName`, `email`, `connectedOrganization.displayName` and whatever else the source gave.
  package let attributes: Attributes

  package init(id: SubjectID, attributes: Attributes) {
    self.id = id
    self.attributes = attributes
  }

  package var displayName: String? { attributes["displayName"].first }
}

/// A named bundle of access that is requested and granted upstream.
package struct AccessPackage: Hashable, Sendable {
  package let id: String?
  package let name: String
  package let catalog: String?

  package init(id: String? = nil, name: String, catalog: String? = nil) {
    self.id = id
    self.name = name
    self.catalog = catalog
  }
}

/// Graph's `accessPackageAssignmentState`; any other word makes the record undecodable.
package enum AssignmentState: String, CaseIterable, Sendable, Codable {
  case delivering, partiallyDelivered, delivered, expired, deliveryFailed

  /// Wire literals are compared without regard to case.
  package init?(wire text: String) {
    let folded = text.lowercased()
    guard let state = Self.allCases.first(where: { $0.rawValue.lowercased() == folded }) else {
      return nil
    }
    self = state
  }
}

/// When an assignment may be live: `start ≤ now < end`. No end only where the source says so.
package struct Validity: Hashable, Sendable {
  package let start: Instant
  package let end: Instant?

  package init(start: Instant, end: Instant?) {
    self.start = start
    self.end = end
  }
}

/// One subject holds one access package for a validity period. Input, read-only.
///
/// Subject and package are positions in the reading the assignment came with: a million assignments
/// are held at once and both repeat.
package struct Assignment: Equatable, Sendable {
  package let id: AssignmentID
  package let subject: Int32
  package let package: Int32
  package let state: AssignmentState
  package let validity: Validity

  package init(
    id: AssignmentID, subject: Int32, package: Int32, state: AssignmentState, validity: Validity
  ) {
    self.id = id
    self.subject = subject
    self.package = package
    self.state = state
    self.validity = validity
  }
}
