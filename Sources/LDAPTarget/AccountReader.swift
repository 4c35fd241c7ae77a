import AccessModel
import LDAPClient

/// The accounts of one reading, and how to find them by what stands in groups.
struct AccountDirectory: Sendable {
  /// Sorted by key.
  let accounts: [ActualAccount]
  let coverage: Coverage
  /// For each column, what of each account stands in groups.
  let members: [MemberTable]
  let proofs: AccountProofs

  init(_ rows: [AccountReader.Row], _ coverage: Coverage, _ layout: Layout) {
    let rows = rows.sorted { $0.account.key < $1.account.key }
    accounts = rows.map(\.account)
    self.coverage = coverage
    members = layout.columns.enumerated().map { number, column in
      MemberTable(
        column, keys: rows.map { $0.members[number] },
        spellings: rows.map { column.valueAttribute == nil ? $0.name : nil })
    }
    proofs = AccountProofs(
      accounts,
      columns: layout.columns.enumerated().map { number, column in
        column.valueAttribute == nil ? rows.map(\.name) : rows.map { $0.members[number] }
      })
  }
}

/// Reads the accounts of the scope.
struct AccountReader {
  let layout: Layout
  let scope: ManagedScope

  struct Row: Sendable {
    let account: ActualAccount
    /// Its DN as the server spells it.
    let name: String
    /// What of it stands in each column of groups.
    let members: [String?]
  }

  func read(on connection: isolated LDAPConnection) throws(TargetError) -> AccountDirectory {
    let columns = Columns(layout, scope)
    let classes = layout.accountClasses.map { Filter.equals("objectClass", $0) }
    let disabledBase = try disabledBase()
    var rows: [Row] = []
    var shortfalls: [String] = []
    var unidentified = 0
    for base in bases(disabledBase) {
      let search = LDAPSearch(
        base: base, scope: .subtree, filter: .and(classes), attributes: columns.names)
      let result = connection.search(search) { entry in
        if let row = columns.row(entry, layout, scope.disable, disabledBase) {
          rows.append(row)
        } else {
          unidentified += 1
        }
      }
      let code = result.result.code
      guard code.isAnswer, result.entries > 0 || ![.noSuchObject].contains(code) else {
        throw LDAPError(result.result).targetError(layout.target, "cannot read '\(base)'")
      }
      if !result.isComplete { shortfalls.append("'\(base)': \(result.shortfall)") }
    }
    if unidentified > 0 {
      shortfalls.append("\(unidentified) entries without a readable \(layout.immutableID)")
    }
    return AccountDirectory(
      rows, shortfalls.isEmpty ? .complete : .partial(reason: shortfalls.joined(separator: "; ")),
      layout)
  }

  private func disabledBase() throws(TargetError) -> DistinguishedName? {
    guard case .moveTo(let text) = scope.disable else { return nil }
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: text)
    } catch {
      throw layout.refusal("disable.moveTo: \(error)")
    }
  }

  /// The branches to search, none inside another.
  private func bases(_ disabledBase: DistinguishedName?) -> [DistinguishedName] {
    guard let disabledBase, !disabledBase.isSameOrDescendant(of: layout.accountsBase) else {
      return [layout.accountsBase]
    }
    return layout.accountsBase.isDescendant(of: disabledBase)
      ? [disabledBase] : [layout.accountsBase, disabledBase]
  }
}

/// The attributes that are asked for, and where the values of each go.
private struct Columns {
  /// As they are asked for, each once whatever its case.
  private(set) var names: [String] = []
  private var folded: [[UInt8]] = []
  private let shape: Attributes.Shape
  /// For every attribute of the scope, its column.
  private var scoped: [Int] = []
  private var rdn = 0
  private var anchor = 0
  private var immutableID = 0
  /// For each column of groups, the one here with its value; `nil` where that is the DN.
  private var members: [Int?] = []
  private var rule: [(column: Int, values: [String])] = []

  init(_ layout: Layout, _ scope: ManagedScope) {
    shape = Attributes.Shape(scope.attributes)
    scoped = scope.attributes.map { column($0) }
    rdn = column(layout.rdn)
    anchor = column(layout.anchor)
    immutableID = column(layout.immutableID)
    members = layout.columns.map { $0.valueAttribute.map { column($0) } }
    if case .set(let attributes) = scope.disable {
      rule = attributes.map { (column($0.key), $0.value) }
    }
  }

  private mutating func column(_ name: String) -> Int {
    let lower = Array(name.lowercased().utf8)
    if let known = folded.firstIndex(of: lower) { return known }
    names.append(name)
    folded.append(lower)
    return names.count - 1
  }

  /// `nil` if the entry cannot be read to its end or has no immutable id.
  func row(
    _ entry: borrowing LDAPEntry, _ layout: Layout, _ disable: DisableRule?,
    _ disabledBase: DistinguishedName?
  ) -> AccountReader.Row? {
    var name: [UInt8] = []
    var isNormal = false
    var spelling = ""
    var values = [[String]](repeating: [], count: names.count)
    var isNamed = false
    let isWhole = entry.read(
      name: { bytes in
        isNamed = DistinguishedName.appendNormalised(bytes, to: &name)
        isNormal = bytes.elementsEqual(name)
        if !isNormal { spelling = String(decoding: bytes, as: UTF8.self) }
      },
      attribute: { type, list in
        guard let column = folded.firstIndex(where: { isSame($0, type) }) else { return }
        for value in list { values[column].append(String(decoding: value, as: UTF8.self)) }
      })
    guard isWhole, isNamed, let id = values[immutableID].first else { return nil }
    let key = String(decoding: name, as: UTF8.self)
    let naturalKey = naturalKey(values[rdn], key, layout.rdn)
    let account = ActualAccount(
      identity: AccountIdentity(key: AccountKey(key), immutableID: id),
      anchor: values[anchor].first.map { SubjectID($0) }, naturalKey: naturalKey,
      attributes: Attributes(shape: shape, values: scoped.map { values[$0] }),
      isEnabled: isEnabled(values, key, disabledBase))
    return AccountReader.Row(
      account: account, name: isNormal ? key : spelling,
      members: members.map { column in
        guard let column else { return key }
        return column == rdn ? naturalKey : values[column].first
      })
  }

  /// Only an entry with several values of it needs to be asked which one it is named by.
  private func naturalKey(_ values: [String], _ key: String, _ rdn: String) -> String? {
    guard values.count > 1 else { return values.first }
    do throws(DNSyntaxError) {
      return try DistinguishedName(parsing: key).namingValue(of: rdn, among: values)
    } catch {
      return nil
    }
  }

  private func isEnabled(
    _ values: [[String]], _ key: String, _ disabledBase: DistinguishedName?
  ) -> Bool {
    if let disabledBase {
      return !key.utf8.reversed().starts(with: ",\(disabledBase.normalised)".utf8.reversed())
    }
    return rule.isEmpty || !rule.allSatisfy { values[$0.column].hasSameBytes(as: $0.values) }
  }

  private func isSame(_ folded: [UInt8], _ type: UnsafeRawBufferPointer) -> Bool {
    folded.count == type.count
      && zip(folded, type).allSatisfy { $0 == $1 || ($0 == $1 | 0x20 && $1 &- 0x41 < 26) }
  }
}
