package import AccessModel
internal import SCIMClient

extension SCIMTarget: Surveyable {
  package func survey() async throws(TargetError) -> Survey {
    var groups: [Survey.Group] = []
    var unnameable: [String] = []
    let end: ListingEnd
    do throws(SCIMError) {
      let capabilities = try await discoverAnew()
      end = try await provider.list(.group, excluding: "members", capabilities) { group in
        guard let name = group.text("displayName") else { return }
        do throws(TargetError) {
          groups.append(Survey.Group(key: try entitlementKey(for: name), name: name, title: name))
        } catch {
          unnameable.append(error.message)
        }
      }
    } catch {
      throw error.targetError(id)
    }
    if case .incomplete(let reason) = end {
      throw TargetError(
        target: id, disposition: .retryLater, message: "not every group was listed: \(reason)")
    }
    return Survey(
      groups: groups, unnameable: unnameable, accountAttributes: ["userName"],
      emailAttribute: "emails.work", displayNameAttribute: "displayName")
  }
}
