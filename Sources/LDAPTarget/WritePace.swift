import LDAPClient

/// How much of a group is written at once: all that a server takes in one request by default, unless
/// its answers take long. A server that writes each member's groups into its account, or searches
/// the whole list for every value, needs milliseconds for each.
struct WritePace {
  /// Half of what a server takes in one request by default (4 MiB), and as many values as are still
  /// answered within seconds.
  static let (mostValues, mostBytes) = (10_000, 2 << 20)
  private static let fewest = 50

  private(set) var values = mostValues
  /// Whether writes may depend on the version that was read.
  var mayAssert = true

  /// Lowers the start where values are known to be dear.
  mutating func begin(with most: Int) { values = max(Self.fewest, min(values, most)) }

  /// Learns from an answer: one modify shall not take longer than `bound`.
  mutating func note(_ count: Int, took: Duration, bound: Duration) {
    if took > bound {
      values = max(Self.fewest, min(values, Int(Double(count) * (bound / took) / 2)))
    } else if took < bound / 4, count >= values {
      values = min(values * 4, Self.mostValues)
    }
  }

  /// No answer came at all.
  mutating func backOff(from count: Int) { values = max(Self.fewest, min(values, count / 8)) }
}
