#!/usr/bin/env python3
"""Microsoft's own Python SDK reads the stand-in: what it understands, and nobody here wrote, is Graph's
shape. Needs msgraph-sdk; run by scripts/test --sdk."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.identity_governance.entitlement_management.assignments.assignments_request_builder import (
    AssignmentsRequestBuilder)
from msgraph.generated.identity_governance.entitlement_management.assignment_requests.assignment_requests_request_builder import (
    AssignmentRequestsRequestBuilder)
from msgraph.generated.models.access_package_assignment_request_callback_data import (
    AccessPackageAssignmentRequestCallbackData)
from msgraph.generated.models.access_package_custom_extension_stage import AccessPackageCustomExtensionStage
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.identity_governance.entitlement_management.assignment_requests.item.resume.resume_post_request_body import (
    ResumePostRequestBody)

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "fixtures" / "graph"


class Token:
    def __init__(self, text):
        self.text = text

    def get_token(self, *_scopes, **_options):
        return AccessToken(self.text, int(time.time()) + 3600)


def token(base):
    form = b"grant_type=client_credentials&client_id=bellhop&client_secret=open+sesame&scope=x/.default"
    with urllib.request.urlopen(f"{base}/contoso/oauth2/v2.0/token", form) as answer:
        return json.load(answer)["access_token"]


async def check(base):
    client = GraphServiceClient(credentials=Token(token(base)), scopes=["api://local/.default"])
    client.request_adapter.base_url = f"{base}/v1.0"
    em = client.identity_governance.entitlement_management
    world = json.loads((FIXTURES / "world.json").read_text(encoding="utf-8"))

    query = AssignmentsRequestBuilder.AssignmentsRequestBuilderGetQueryParameters(
        expand=["target", "accessPackage", "assignmentPolicy"], count=True)
    page = await em.assignments.get(request_configuration=RequestConfiguration(query_parameters=query))
    assert page.odata_count == len(world["assignments"]), page.odata_count
    read = []
    while page:
        read += page.value
        page = await em.assignments.with_url(page.odata_next_link).get() if page.odata_next_link else None
    assert [row.id for row in read] == [row["id"] for row in world["assignments"]]
    for row, held in zip(read, world["assignments"]):
        assert row.state.value == held["state"], row.state
        assert row.target.object_id == held["target"]["objectId"]
        assert row.access_package.display_name == held["accessPackage"]["displayName"]
        expiration = (held["schedule"] or {}).get("expiration")
        if expiration:
            assert row.schedule.expiration.type.value == expiration["type"]
            assert (row.schedule.expiration.end_date_time is None) == (expiration["endDateTime"] is None)

    filtered = AssignmentsRequestBuilder.AssignmentsRequestBuilderGetQueryParameters(
        filter="state eq 'expired'", expand=["target"])
    page = await em.assignments.get(request_configuration=RequestConfiguration(query_parameters=filtered))
    assert {row.state.value for row in page.value} == {"expired"}

    query = AssignmentRequestsRequestBuilder.AssignmentRequestsRequestBuilderGetQueryParameters(
        filter="state eq 'delivering'", expand=["assignment"])
    page = await em.assignment_requests.get(request_configuration=RequestConfiguration(query_parameters=query))
    waiting = page.value[0]
    instance = waiting.custom_extension_callout_instances[0]
    assert instance.status.value == "waitingForCallback", instance.status
    stage = "assignmentRequestGranted"
    body = ResumePostRequestBody(
        source="sdk", type=f"microsoft.graph.accessPackageCustomExtensionStage.{stage}",
        data=AccessPackageAssignmentRequestCallbackData(
            stage=AccessPackageCustomExtensionStage.AssignmentRequestGranted, custom_extension_stage_instance_id=instance.id,
            custom_extension_stage_instance_detail="provisioned"))
    await em.assignment_requests.by_access_package_assignment_request_id(waiting.id).resume.post(body)

    user = await client.users.by_user_id(world["users"][0]["id"]).get()
    assert user.display_name == world["users"][0]["displayName"]
    delta = await client.users.delta.get()
    while delta.odata_next_link:
        delta = await client.users.delta.with_url(delta.odata_next_link).get()
    assert delta.odata_delta_link
    packages = await em.access_packages.get()
    assert len(packages.value) == len(world["accessPackages"])
    try:
        await em.assignments.by_access_package_assignment_id("missing").get()
        raise AssertionError("a missing assignment was found")
    except ODataError as error:
        assert error.response_status_code == 404 and error.error.code == "ResourceNotFound"
        assert error.error.inner_error.request_id
    print(f"Microsoft's SDK reads the stand-in: {len(read)} assignments, requests, resume, users, delta, errors")


def main():
    server = subprocess.Popen(
        [sys.executable, "-B", HERE / "server.py", "--world", FIXTURES / "world.json"],
        stdout=subprocess.PIPE, text=True)
    try:
        asyncio.run(check(f"http://127.0.0.1:{server.stdout.readline().strip()}"))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
