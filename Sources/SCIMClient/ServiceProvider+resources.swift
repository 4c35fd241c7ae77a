internal import HTTPTransport

extension ServiceProvider {
  /// `nil` if the service says that there is no such resource.
  package func get(
    _ type: ResourceType, id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Resource? {
    let url = url(type, id, capabilities)
    do throws(SCIMError) {
      return try resource(in: try await exchange(.get, url), "GET \(url.path)")
    } catch {
      if error.status == 404 { return nil }
      throw error
    }
  }

  /// Gives the new resource's id where the answer tells it, in its body or its Location.
  package func create(
    _ type: ResourceType, _ body: JSONValue, _ capabilities: Capabilities
  ) async throws(SCIMError) -> String? {
    let response = try await exchange(
      .post, collection(type, capabilities), body: body, redacting: body.texts)
    if let resource = try optionalResource(in: response, "POST") { return resource.id }
    return response["Location"]?.split(separator: "/").last
      .flatMap { PercentEncoding.decode(String($0)) }
  }

  /// Gives the changed resource where the service sends it back.
  package func patch(
    _ type: ResourceType, id: String, _ operations: [PatchOperation], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Resource? {
    let url = url(type, id, capabilities)
    let response = try await exchange(
      .patch, url, body: PatchOperation.body(operations),
      redacting: operations.flatMap(\.texts))
    return try optionalResource(in: response, "PATCH \(url.path)")
  }

  /// Replaces the whole resource, but only if it still has `version` where there is one to check.
  package func put(
    _ type: ResourceType, id: String, _ body: JSONValue, version: String?,
    _ capabilities: Capabilities
  ) async throws(SCIMError) {
    let condition = capabilities.hasVersions ? version.map { [HTTPField("If-Match", $0)] } : nil
    _ = try await exchange(
      .put, url(type, id, capabilities), body: body, fields: condition ?? [],
      redacting: body.texts)
  }

  /// Whether there was something to delete.
  package func delete(
    _ type: ResourceType, id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Bool {
    do throws(SCIMError) {
      _ = try await exchange(.delete, url(type, id, capabilities))
      return true
    } catch {
      if error.status == 404 { return false }
      throw error
    }
  }

  func collection(_ type: ResourceType, _ capabilities: Capabilities) -> HTTPURL {
    capabilities.endpoint(of: type).reduce(baseURL) { $0.appending($1) }
  }

  private func url(
    _ type: ResourceType, _ id: String, _ capabilities: Capabilities
  ) -> HTTPURL {
    collection(type, capabilities).appending(id)
  }

  private func resource(
    in response: HTTPResponse, _ action: String
  ) throws(SCIMError) -> Resource {
    guard let resource = try optionalResource(in: response, action) else {
      throw SCIMError(action: action, cause: .malformed("a resource without an id"))
    }
    return resource
  }

  /// `nil` for an empty body, or one that is no resource.
  private func optionalResource(
    in response: HTTPResponse, _ action: String
  ) throws(SCIMError) -> Resource? {
    guard !response.body.isEmpty else { return nil }
    return Resource(try json(in: response, action))
  }

  func json(in response: HTTPResponse, _ action: String) throws(SCIMError) -> JSONValue {
    do throws(MalformedJSON) {
      return try JSONValue(parsing: response.body)
    } catch {
      throw SCIMError(action: action, cause: .malformed("\(error)"))
    }
  }
}
