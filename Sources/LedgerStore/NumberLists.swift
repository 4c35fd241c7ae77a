/// Lists of row numbers, one after the other in one array.
struct NumberLists {
  private(set) var numbers: ContiguousArray<Int32> = []
  private var ends: ContiguousArray<Int32> = []

  /// Adds a list that `References.list` wrote.
  mutating func append(parsing list: String) throws {
    try forEachNumber(in: list) { numbers.append($0) }
    ends.append(Int32(numbers.count))
  }

  subscript(row: Int) -> ContiguousArray<Int32>.SubSequence {
    numbers[(row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])]
  }
}
