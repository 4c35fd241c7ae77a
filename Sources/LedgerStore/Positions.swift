import AccessModel

/// Turns the numbers that rows refer to names by into positions in a list of just those names.
struct Positions<Name> {
  private(set) var names: [Name] = []
  private var positions: ContiguousArray<Int32> = []
  private var missing = 0

  private static var unused: Int32 { -1 }
  private static var awaited: Int32 { -2 }

  /// For names that at least one of `numbers` refers to.
  init(of numbers: ContiguousArray<Int32>...) {
    let highest = numbers.lazy.compactMap { $0.max() }.max() ?? 0
    positions = ContiguousArray(repeating: Self.unused, count: Int(highest) + 1)
    for number in numbers.joined() where positions[Int(number)] == Self.unused {
      positions[Int(number)] = Self.awaited
      missing += 1
    }
  }

  /// Adds the name if something refers to it.
  mutating func offer(_ name: Name, number: Int64) {
    guard number < positions.count, positions[Int(number)] == Self.awaited else { return }
    positions[Int(number)] = Int32(names.count)
    names.append(name)
    missing -= 1
  }

  /// Throws unless every number has its name: a position looked up after this exists.
  func requireComplete() throws {
    guard missing == 0 else {
      throw LedgerError(
        message: "\(missing) names that rows refer to are gone; restore a backup (docs/ledger.md)")
    }
  }

  subscript(number: Int32) -> Int32 { positions[Int(number)] }

  func name(_ number: Int32) -> Name { names[Int(self[number])] }
}
