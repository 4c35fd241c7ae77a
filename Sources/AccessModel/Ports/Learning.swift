/// A target that finds out how its system answers, and is spared finding it out again in the next
/// run.
///
/// A lesson saves work and stops endless changes; nothing is removed, disabled or deleted because of
/// one.
package protocol Learning: Target {
  /// What earlier runs learned; given before each reading.
  func recall(_ lessons: [Lesson])

  /// What was learned since this was last asked.
  func newLessons() -> [Lesson]
}

/// One thing an adapter learned of its target, in words only the adapter reads.
package struct Lesson: Equatable, Sendable {
  package let topic: String
  /// The thing it is about, such as an account's id; empty for the target as a whole.
  package let about: String
  /// `nil` forgets it.
  package let text: String?

  package init(topic: String, about: String = "", text: String?) {
    self.topic = topic
    self.about = about
    self.text = text
  }
}
