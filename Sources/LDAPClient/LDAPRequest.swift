/// One operation as data (RFC 4511 §4.5 to §4.9), with the controls that go with it.
package struct LDAPRequest: Sendable {
  enum Operation: Sendable {
    case add(DistinguishedName, [LDAPAttribute])
    case modify(DistinguishedName, [LDAPModification])
    case delete(DistinguishedName)
    case move(DistinguishedName, below: DistinguishedName)
    case search(LDAPSearch)
  }

  let operation: Operation
  let controls: [RequestControl]

  private init(_ operation: Operation, _ controls: [RequestControl] = []) {
    self.operation = operation
    self.controls = controls
  }

  package static func add(_ name: DistinguishedName, _ attributes: [LDAPAttribute]) -> LDAPRequest {
    LDAPRequest(.add(name, attributes))
  }

  package static func modify(
    _ name: DistinguishedName, _ modifications: [LDAPModification]
  ) -> LDAPRequest {
    LDAPRequest(.modify(name, modifications))
  }

  package static func delete(_ name: DistinguishedName) -> LDAPRequest {
    LDAPRequest(.delete(name))
  }

  /// Keeps the leaf name and moves the entry below another one (modifyDN with newSuperior).
  package static func move(
    _ name: DistinguishedName, below parent: DistinguishedName
  ) -> LDAPRequest {
    LDAPRequest(.move(name, below: parent))
  }

  package static func search(_ search: LDAPSearch) -> LDAPRequest { LDAPRequest(.search(search)) }

  package func with(_ controls: [RequestControl]) -> LDAPRequest {
    LDAPRequest(operation, self.controls + controls)
  }

  /// The entry that is written; `nil` for a search.
  package var writtenEntry: DistinguishedName? {
    switch operation {
    case .add(let name, _), .modify(let name, _), .delete(let name), .move(let name, _): name
    case .search: nil
    }
  }

  /// The operation in a word.
  package var kind: String {
    switch operation {
    case .add: "add"
    case .modify: "modify"
    case .delete: "delete"
    case .move: "move"
    case .search: "search"
    }
  }
}

/// An attribute with its values, as an entry is created with it.
package struct LDAPAttribute: Equatable, Sendable {
  package let type: String
  package let values: [[UInt8]]

  package init(_ type: String, _ values: [String]) {
    self.init(type, bytes: values.map { Array($0.utf8) })
  }

  package init(_ type: String, bytes: [[UInt8]]) {
    self.type = type
    values = bytes
  }
}

/// One part of a modify; all parts of one modify happen, in their order, or none does.
package enum LDAPModification: Equatable, Sendable {
  /// Fails if one of the values is there already.
  case add(LDAPAttribute)
  /// Fails if one of the values is not there.
  case delete(LDAPAttribute)
  /// All values the attribute then has; none removes it.
  case replace(LDAPAttribute)

  var attribute: LDAPAttribute {
    switch self {
    case .add(let attribute), .delete(let attribute), .replace(let attribute): attribute
    }
  }
}

package struct LDAPSearch: Sendable {
  package enum Scope: Sendable { case base, oneLevel, subtree }

  package let base: DistinguishedName
  package let scope: Scope
  package let filter: Filter
  /// Empty asks for no attributes at all, not for every one.
  package let attributes: [String]
  /// Whether the names of attributes come without their values.
  package let typesOnly: Bool
  /// The most entries that are given; zero for no limit. One more to give ends it with
  /// `sizeLimitExceeded`.
  package let sizeLimit: Int32

  package init(
    base: DistinguishedName, scope: Scope, filter: Filter = .everything, attributes: [String],
    typesOnly: Bool = false, sizeLimit: Int32 = 0
  ) {
    self.base = base
    self.scope = scope
    self.filter = filter
    self.attributes = attributes
    self.typesOnly = typesOnly
    self.sizeLimit = sizeLimit
  }
}
