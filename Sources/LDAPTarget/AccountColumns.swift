import AccessModel
import LDAPClient

/// The attributes that are asked for of accounts, and where the values of each go.
///
/// Nothing is made of a value before the whole entry was seen: values are kept as places in the message
/// until then, and go into an account's packed attributes from there.
struct AccountColumns {
  /// As they are asked for, each once whatever its case.
  private(set) var names: [String] = []
  let disabledBase: DistinguishedName?
  private var folded: [[UInt8]] = []
  private let shape: Attributes.Shape
  /// For every attribute of the scope, its column.
  private var scoped: [Int] = []
  private var rdn = 0
  private var anchor = 0
  private var immutableID = 0
  private let idForm: ValueForm
  private let rdnAttribute: String
  /// For each column of groups, the one here with its value; `nil` where that is the DN.
  private var members: [Int?] = []
  private var rule: [(column: Int, values: [String])] = []

  /// Of the entry that is being taken: its name in normal form, and every value with its column.
  private var name: [UInt8] = []
  private var values: [(column: Int, bytes: UnsafeRawBufferPointer)] = []
  /// The columns of the last entry's attributes in their order: servers keep it.
  private var usual: [Int] = []

  init(_ layout: Layout, _ scope: ManagedScope, _ disabledBase: DistinguishedName?) {
    self.disabledBase = disabledBase
    rdnAttribute = layout.rdn
    idForm = ValueForm(of: layout.immutableID)
    shape = Attributes.Shape(scope.attributes)
    scoped = scope.attributes.map { column(layout.name(of: $0)) }
    rdn = column(layout.rdn)
    anchor = column(layout.anchor)
    immutableID = column(layout.immutableID)
    members = layout.columns.map { $0.valueAttribute.map { column($0) } }
    if case .set(let attributes) = scope.disable {
      rule = attributes.map { (column(layout.name(of: $0.key)), $0.value) }
    }
  }

  private mutating func column(_ name: String) -> Int {
    let lower = Array(name.lowercased().utf8)
    if let known = folded.firstIndex(of: lower) { return known }
    names.append(name)
    folded.append(lower)
    return names.count - 1
  }

  /// `false`, and nothing is appended, if the entry cannot be read to its end or has no immutable id.
  mutating func append(_ entry: borrowing LDAPEntry, to rows: inout AccountRows) -> Bool {
    name.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    var isNamed = false
    var spelling = UnsafeRawBufferPointer(start: nil, count: 0)
    var position = 0
    let isWhole = entry.read(
      name: { bytes in
        spelling = bytes
        isNamed = DistinguishedName.appendNormalised(bytes, to: &name)
      },
      attribute: { type, list in
        defer { position += 1 }
        guard let column = column(of: type, at: position) else { return }
        for value in list { values.append((column, value)) }
      })
    guard isWhole, isNamed, let id = first(immutableID, idForm) else { return false }
    let key = String(decoding: name, as: UTF8.self)
    let naturalKey = naturalKey(key)
    rows.accounts.append(
      ActualAccount(
        identity: AccountIdentity(key: AccountKey(key), immutableID: id),
        anchor: first(anchor).map { SubjectID($0) }, naturalKey: naturalKey,
        attributes: attributes(), isEnabled: isEnabled(key)))
    rows.names.append(
      hasSameBytes(spelling, name) ? key : String(decoding: spelling, as: UTF8.self))
    for (number, column) in members.enumerated() {
      if let column { rows.values[number].append(column == rdn ? naturalKey : first(column)) }
    }
    return true
  }

  private func attributes() -> Attributes {
    Attributes(shape: shape) { append in
      for (position, column) in scoped.enumerated() {
        for value in values where value.column == column { append(position, value.bytes) }
      }
    }
  }

  private func first(_ column: Int, _ form: ValueForm = .utf8) -> String? {
    values.first { $0.column == column }.map { form.text($0.bytes) }
  }

  private func all(_ column: Int) -> [String] {
    values.lazy.filter { $0.column == column }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// Only an entry with several values of it needs to be asked which one it is named by.
  private func naturalKey(_ key: String) -> String? {
    guard values.count(where: { $0.column == rdn }) > 1 else { return first(rdn) }
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: key).namingValue(of: rdnAttribute, among: all(rdn))
    } catch {
      return nil
    }
  }

  private func isEnabled(_ key: String) -> Bool {
    if let disabledBase {
      return !key.utf8.reversed().starts(with: ",\(disabledBase.normalised)".utf8.reversed())
    }
    return rule.isEmpty || !rule.allSatisfy { all($0.column).hasSameBytes(as: $0.values) }
  }

  private mutating func column(of type: UnsafeRawBufferPointer, at index: Int) -> Int? {
    if index < usual.count, isSame(folded[usual[index]], type) { return usual[index] }
    let column = folded.firstIndex { isSame($0, type) }
    if let column {
      usual.removeSubrange(min(index, usual.count)...)
      if index == usual.count { usual.append(column) }
    }
    return column
  }

  private func isSame(_ folded: [UInt8], _ type: UnsafeRawBufferPointer) -> Bool {
    folded.count == type.count
      && folded.indices.allSatisfy {
        folded[$0] == type[$0] || (folded[$0] == type[$0] | 0x20 && type[$0] &- 0x41 < 26)
      }
  }
}
