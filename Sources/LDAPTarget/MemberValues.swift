import AccessModel

/// What of the accounts of a batch stands in groups, each account known by its row.
///
/// In each column every value has a number, by the form in which values are compared: two accounts with
/// one value have one number. How a value is to be spelled is kept only where it is not in that form.
struct MemberValues {
  private struct Column {
    let column: MemberColumn
    var keys: KeyTable
    var spellings: [Int: [UInt8]] = [:]
  }

  private var columns: [Column]
  /// Numbers in a column's `keys`, all columns of one row together; `nowhere` where nothing is known
  /// to stand.
  private var numbers: ContiguousArray<Int32>
  /// Rows whose value outlived its account, or never had one: it can only be removed.
  private var gone: Set<Int> = []
  /// Rows that cannot be written, and what becomes of their changes.
  private var failures: [Int: Outcome] = [:]
  private static let nowhere: Int32 = -1

  /// `names` holds the accounts' keys, which are what stands in columns of DNs.
  init(_ columns: [MemberColumn], rows: Int, names: KeyTable = KeyTable()) {
    self.columns = columns.map {
      Column(column: $0, keys: $0.valueAttribute == nil ? names : KeyTable())
    }
    numbers = .init(repeating: Self.nowhere, count: rows * columns.count)
  }

  /// Notes what stands in a column for an account.
  mutating func set(_ value: [UInt8], of row: Int, in column: Int) {
    set(value, key: columns[column].column.key(value), of: row, in: column)
  }

  /// `key` is the form in which the value is compared.
  mutating func set(
    _ value: some Collection<UInt8>, key: some Collection<UInt8>, of row: Int, in column: Int
  ) {
    let number = columns[column].keys.insert(key).number
    set(value, key: key, number: number, of: row, in: column)
  }

  /// The same for a key whose number is known.
  mutating func set(
    _ value: some Collection<UInt8>, key: some Collection<UInt8>, number: Int, of row: Int,
    in column: Int
  ) {
    numbers[row * columns.count + column] = Int32(number)
    if !hasSameBytes(value, key) { columns[column].spellings[row] = Array(value) }
  }

  mutating func setGone(_ row: Int) { gone.insert(row) }

  mutating func fail(_ row: Int, _ outcome: Outcome) { failures[row] = outcome }

  func isGone(_ row: Int) -> Bool { gone.contains(row) }

  func failure(of row: Int) -> Outcome? { failures.isEmpty ? nil : failures[row] }

  /// The number of what stands in a column for an account; `nil` where nothing is known to.
  func number(of row: Int, in column: Int) -> Int? {
    let number = numbers[row * columns.count + column]
    return number == Self.nowhere ? nil : Int(number)
  }

  /// The number of a value in the form in which values are compared; `nil` if it has none.
  func number(of key: [UInt8], in column: Int) -> Int? { columns[column].keys.number(of: key) }

  /// What stands in a column for an account, as its own entry spells it.
  func value(of row: Int, in column: Int) -> [UInt8]? {
    guard let number = number(of: row, in: column) else { return nil }
    return columns[column].spellings[row] ?? key(number, in: column)
  }

  /// The length of that value; zero where there is none.
  func byteCount(of row: Int, in column: Int) -> Int {
    guard let number = number(of: row, in: column) else { return 0 }
    return columns[column].spellings[row]?.count
      ?? columns[column].keys.withLookup { $0.key(number).count }
  }

  /// Whether the value is spelled as the account's own entry spells it.
  func isSpelled(_ row: Int, as value: UnsafeRawBufferPointer, in column: Int) -> Bool {
    guard let number = number(of: row, in: column) else { return false }
    if let spelling = columns[column].spellings[row] { return hasSameBytes(spelling, value) }
    return columns[column].keys.withLookup { hasSameBytes($0.key(number), value) }
  }

  func key(_ number: Int, in column: Int) -> [UInt8] { columns[column].keys.bytes(number) }

  /// Lends the keys of a column for many look-ups in a row.
  func withKeys<Result>(in column: Int, _ body: (KeyTable.Lookup) -> Result) -> Result {
    columns[column].keys.withLookup(body)
  }
}

/// For one column of one group, which items stand in it, and how the group spells them where that is
/// not as their accounts do.
struct Presence {
  /// By item: not there, there as its account spells it, or a position in `spellings`.
  private var marks: ContiguousArray<Int32>
  private var spellings: [[UInt8]] = []
  private static let (absent, same): (Int32, Int32) = (-1, -2)

  init(items: Int) { marks = .init(repeating: Self.absent, count: items) }

  func contains(_ item: Int) -> Bool { marks[item] != Self.absent }

  /// `nil` if it is spelled as its account spells it.
  func spelling(of item: Int) -> [UInt8]? {
    marks[item] >= 0 ? spellings[Int(marks[item])] : nil
  }

  /// `spelling` is that of the group; `nil` for that of the account.
  mutating func insert(_ item: Int, spelling: [UInt8]? = nil) {
    guard let spelling else { return marks[item] = Self.same }
    marks[item] = Int32(spellings.count)
    spellings.append(spelling)
  }

  mutating func remove(_ item: Int) { marks[item] = Self.absent }
}

/// For one column of one group, the items that a value is about.
struct ItemsByNumber {
  /// At the place its number says, or after it, each number plus one, and above it the last item of that
  /// number. Numbers lie close together, so they need no hash. Zero where nothing is.
  private var slots: ContiguousArray<UInt64>
  /// Of each item the one before it of the same number.
  private var previous: ContiguousArray<Int32>
  private static let none: Int32 = -1

  init(items: Int) {
    var size = 16
    while size < items * 2 { size *= 2 }
    slots = .init(repeating: 0, count: size)
    previous = .init(repeating: Self.none, count: items)
  }

  mutating func insert(_ item: Int, _ number: Int) {
    let place = place(of: number)
    if slots[place] != 0 { previous[item] = Self.item(slots[place]) }
    slots[place] = UInt64(item) << 32 | UInt64(number + 1)
  }

  func forEach(_ number: Int, _ body: (_ item: Int) -> Void) {
    let slot = slots[place(of: number)]
    guard slot != 0 else { return }
    var item = Self.item(slot)
    while item != Self.none {
      body(Int(item))
      item = previous[Int(item)]
    }
  }

  /// Whether no other item has the number.
  func isAlone(_ item: Int, _ number: Int) -> Bool {
    previous[item] == Self.none && Int(Self.item(slots[place(of: number)])) == item
  }

  private func place(of number: Int) -> Int {
    let mask = slots.count - 1
    let mark = UInt64(number + 1)
    var place = number & mask
    while slots[place] != 0, slots[place] & 0xffff_ffff != mark { place = (place + 1) & mask }
    return place
  }

  private static func item(_ slot: UInt64) -> Int32 { Int32(truncatingIfNeeded: slot >> 32) }
}
