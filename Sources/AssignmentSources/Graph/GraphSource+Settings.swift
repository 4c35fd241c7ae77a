package import AccessModel

extension GraphSource {
  /// How a tenant is read.
  package struct Settings: Equatable, Sendable {
    /// What one list covers.
    package enum Scope: Equatable, Sendable {
      /// The tenant; access package by access package only if that is refused.
      case tenant
      /// Every access package that the application may see, one by one.
      case eachPackage
      /// These access packages, by their ids.
      case packages([String])
    }

    /// How the tenant's users are asked about subjects.
    package enum Users: String, CaseIterable, Sendable {
      /// As `batch` where that takes few requests, else as `delta`.
      case auto
      /// Each one at every reading, 20 in one request.
      case batch
      /// By what has changed in the tenant since the last reading.
      case delta
      /// Not at all.
      case none
    }

    package var scope = Scope.tenant
    package var users = Users.auto
    /// Only assignments in these states; empty is all of them, so that what is over is seen to be.
    package var states: [AssignmentState] = []
    package var absentAfter: Duration = .seconds(600)
    /// How long one reading may wait in all for a Graph that is busy.
    package var patience: Duration = .seconds(300)
    /// How often `bellhop run` looks at requests between readings; `nil` is never.
    package var poll: Duration? = .seconds(15)
    /// What to do with requests that wait for us; `nil` leaves them alone.
    package var callback: CallbackPolicy?
    /// Whether a mapping names catalogs, which are then read too.
    package var readsCatalogs = false
    /// The attributes of subjects that mappings name.
    package var attributes: Set<String> = []

    package init() {}

    /// Whether a mapping names attributes of connected organizations, which are then read too.
    var readsOrganizations: Bool { attributes.contains { $0.hasPrefix("connectedOrganization.") } }
  }
}
