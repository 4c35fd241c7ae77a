import Glibc

extension [String] {
  /// Whether two lists of attribute values are the same set, compared as the planner compares them:
  /// `==` on `String` takes composed and decomposed letters for one, and a change between the two
  /// would be planned in every run and never made.
  func hasSameBytes(as other: [String]) -> Bool {
    if count == 1, other.count == 1 { return self[0].utf8.elementsEqual(other[0].utf8) }
    return Set(map { [UInt8]($0.utf8) }) == Set(other.map { [UInt8]($0.utf8) })
  }
}

/// Whether two stretches of bytes are the same.
func hasSameBytes(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  let isSame = left.withContiguousStorageIfAvailable { left in
    right.withContiguousStorageIfAvailable { right in
      guard left.count == right.count else { return false }
      guard let first = left.baseAddress, let second = right.baseAddress else { return true }
      return memcmp(first, second, left.count) == 0
    }
  }
  if case .some(.some(let isSame)) = isSame { return isSame }
  return left.elementsEqual(right)
}
