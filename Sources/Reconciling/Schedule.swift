package import AccessModel

/// How often the loop looks at each source and target.
package struct Schedule: Sendable {
  package let sources: [SourceID: Duration]
  package let targets: [TargetID: Duration]
  /// How often to ask for news, of sources that can tell.
  package let news: [SourceID: Duration]
  /// How long a round waits for its slowest target before it goes on without it.
  package let patience: Duration
  /// How long a round waits for readings that have just begun, so that what they say is part of it. It
  /// never waits for them when something starts or ends.
  package let gathering: Duration

  /// `patience` is the shortest interval of a target, and 5 s at least, if nothing is said.
  package init(
    sources: [SourceID: Duration], targets: [TargetID: Duration],
    news: [SourceID: Duration] = [:], patience: Duration? = nil, gathering: Duration = .seconds(1)
  ) {
    self.patience = patience ?? max(.seconds(5), targets.values.min() ?? .seconds(5))
    self.gathering = gathering
    self.sources = sources
    self.targets = targets
    self.news = news
  }
}
