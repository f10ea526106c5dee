"""The HTTP API as others read it: its description by a validator of OpenAPI, its figures by Prometheus' own library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from service import Service


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


def test_the_description_is_valid(service: Service) -> None:
    document = service.api.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    errors = [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert errors == []


def test_the_figures_are_read_by_prometheus_own_library(service: Service) -> None:
    answer = service.api.get("/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    store = families["busylamp_store_up"]
    assert (store.type, [sample.value for sample in store.samples]) == ("gauge", [1])
    writes = families["busylamp_writes"]
    assert writes.type == "counter"
    assert {sample.labels["dimension"] for sample in writes.samples} == {
        "dnd", "presence", "text", "diversion", "blf_label",
    }
    latency = families["busylamp_decision_to_write_seconds"]
    assert latency.type == "histogram"
    buckets = [sample.labels["le"] for sample in latency.samples if sample.name.endswith("_bucket")]
    assert buckets[-1] == "+Inf"


def test_what_is_refused_is_a_problem(service: Service) -> None:
    answer = service.api.get("/instances/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (404, 404, "unknown")
