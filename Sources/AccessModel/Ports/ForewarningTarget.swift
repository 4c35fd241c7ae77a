/// A target that can tell, before a plan is carried out, what it would refuse.
package protocol ForewarningTarget: Target {
  /// What stands in the way of these changes, each with the way out. Asks the target's system and
  /// changes nothing in it; what it does not find out it does not tell.
  func obstacles(to changes: [Change]) async -> [String]
}
