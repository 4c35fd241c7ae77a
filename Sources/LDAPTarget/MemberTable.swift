import AccessModel

/// Whose a member value is, in one column of groups.
///
/// Groups nearly always spell an account as its own entry does. So a value is looked up by its bytes as
/// they came, and only brought into the form in which values are compared if that finds nobody. Both
/// ways give the same account: every spelling in the table stands beside the form it was brought into,
/// and that form is its own, so bytes that are here for one account cannot mean another.
struct MemberTable: Sendable {
  enum Holder: Equatable { case account(Int), several, stranger }

  private let column: MemberColumn
  private var spellings = KeyTable()
  /// By number in `spellings`, the positions of accounts; `shared` for a value of several.
  private var owners: ContiguousArray<Int32> = []
  private static let shared: Int32 = -1

  /// `key` gives for each account what is to stand in the column, in the form in which values are
  /// compared, `nil` where nothing is to, and `spelling` how the account's own entry spells it.
  init(_ column: MemberColumn, rows: Int, key: (Int) -> String?, spelling: (Int) -> String?) {
    self.column = column
    spellings.reserve(rows)
    owners.reserveCapacity(rows)
    for position in 0..<rows {
      guard let key = key(position) else { continue }
      let (number, isNew) = spellings.insert(key.utf8)
      if isNew { owners.append(Int32(position)) } else { owners[number] = Self.shared }
    }
    for position in 0..<rows {
      guard let key = key(position), let name = spelling(position), name != key,
        let number = spellings.number(of: key.utf8)
      else { continue }
      if spellings.insert(name.utf8).isNew { owners.append(owners[number]) }
    }
  }

  /// `key` is a value in the form in which values are compared.
  func holder(of key: some Collection<UInt8>) -> Holder {
    guard let number = spellings.number(of: key) else { return .stranger }
    return owners[number] == Self.shared ? .several : .account(Int(owners[number]))
  }

  /// Finds the holder of each value as it came; `other` gets those that are none account's alone, and
  /// everything that is the placeholder's, with its key.
  func forEachHolder(
    of values: some Sequence<UnsafeRawBufferPointer>, besides placeholder: [UInt8]?,
    account: (Int) -> Void, other: (_ holder: Holder, _ key: [UInt8]) -> Void
  ) {
    var key: [UInt8] = []
    // The placeholder may be an account: its members are not.
    var except = Self.shared
    if let placeholder, case .account(let position) = holder(of: placeholder) {
      except = Int32(position)
    }
    spellings.withLookup { lookup in
      owners.withUnsafeBufferPointer { owners in
        lookup.forEachNumber(of: values) { number, value in
          if let number, owners[number] != Self.shared, owners[number] != except {
            return account(Int(owners[number]))
          }
          key.removeAll(keepingCapacity: true)
          column.appendKey(value, to: &key)
          if key == placeholder { return }
          switch holder(of: key) {
          case .account(let position): account(position)
          case let holder: other(holder, key)
          }
        }
      }
    }
  }
}
