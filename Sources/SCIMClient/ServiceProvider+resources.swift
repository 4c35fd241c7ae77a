package import HTTPTransport
package import JSON

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

  /// What a service answered to a write that it took.
  package struct Written: Sendable {
    /// As it is now, where the answer holds it.
    package let resource: Resource?
    /// Of the new resource, where the answer tells it, in its body or its Location.
    package let id: String?
    /// Taken, and not done yet (202, RFC 9967 §2.5).
    package let isPending: Bool
    /// Whether the service says that there is a resource that was not there before (201).
    package let isCreation: Bool
  }

  package func create(
    _ type: ResourceType, _ body: JSONValue, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Written {
    try await write(.post, type, collection(type, capabilities), body)
  }

  private func write(
    _ method: HTTPRequest.Method, _ type: ResourceType, _ url: HTTPURL, _ body: JSONValue,
    fields: [HTTPField] = []
  ) async throws(SCIMError) -> Written {
    let response = try await exchange(
      method, url, body: body, fields: fields, redacting: body.texts, of: type)
    // What it says of itself is a courtesy: the write was taken, whatever the body is.
    let resource: Resource?
    do throws(SCIMError) {
      resource = try optionalResource(in: response, "\(method.rawValue) \(url.path)")
    } catch {
      resource = nil
    }
    return Written(
      resource: resource,
      id: resource?.id ?? response["Location"].flatMap { Resource.id(inLocation: $0) },
      isPending: response.status == 202, isCreation: response.status == 201)
  }

  package func patch(
    _ type: ResourceType, id: String, _ operations: [PatchOperation], _ capabilities: Capabilities
  ) async throws(SCIMError) -> Written {
    try await write(
      .patch, type, url(type, id, capabilities), PatchOperation.body(operations))
  }

  /// Replaces the whole resource, but only if it still has `version` where there is one to check.
  package func put(
    _ type: ResourceType, id: String, _ body: JSONValue, version: String?,
    _ capabilities: Capabilities
  ) async throws(SCIMError) -> Written {
    let condition = capabilities.hasVersions ? version.map { [HTTPField("If-Match", $0)] } : nil
    return try await write(
      .put, type, url(type, id, capabilities), body, fields: condition ?? [])
  }

  /// Whether there was something to delete.
  package func delete(
    _ type: ResourceType, id: String, _ capabilities: Capabilities
  ) async throws(SCIMError) -> Bool {
    do throws(SCIMError) {
      _ = try await exchange(.delete, url(type, id, capabilities), of: type)
      return true
    } catch {
      if error.status == 404 { return false }
      throw error
    }
  }

  func collection(_ type: ResourceType, _ capabilities: Capabilities) -> HTTPURL {
    capabilities.endpoint(of: type).reduce(baseURL) { $0.appending($1) }
  }

  package func url(
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
