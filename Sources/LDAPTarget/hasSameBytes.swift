extension [String] {
  /// Whether two lists of attribute values are the same set, compared as the planner compares them:
  /// `==` on `String` takes composed and decomposed letters for one, and a change between the two
  /// would be planned in every run and never made.
  func hasSameBytes(as other: [String]) -> Bool {
    Set(map { [UInt8]($0.utf8) }) == Set(other.map { [UInt8]($0.utf8) })
  }
}
