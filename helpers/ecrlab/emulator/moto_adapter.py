# mypy: disable-error-code="override, abstract"
# moto's classes were not made to be overridden: attributes become properties here, and arguments become optional.
"""Where our ECR is plugged into moto, and with ``moto_views`` all that knows moto.

HTTP ─► moto's router ─► EcrResponse ─► service.answer ─► operations ─► state
                              │                              ▲
                              └─► moto's ECRResponse ─► EcrBackend (moto's methods over views of our state)
                                  only in the compatible setting, only for scans, policies and replication

None of the hook points is a promised interface of moto; docs/emulator.md lists them, tests/emulator guards them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import Any, ClassVar, cast
from weakref import WeakKeyDictionary

import moto.backend_index as backend_index
import moto.ecr.exceptions as moto_exceptions
import moto.ecr.models as moto_models
import moto.ecr.responses as moto_responses
import moto.ecr.urls as moto_urls
from moto.core.exceptions import ServiceException
from moto.core.utils import camelcase_to_underscores

from ecrlab.access import Decision
from ecrlab.clock import Clock, Happening, ManualClock, SystemClock
from ecrlab.emulator import (
    download_urls,
    encryption,
    errors,
    moto_events,
    moto_sessions,
    service,
    signing_runs,
    together,
)
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.events import Event
from ecrlab.emulator.fidelity import FIDELITY
from ecrlab.emulator.ids import derived_uuid
from ecrlab.emulator.moto_identities import Desk
from ecrlab.emulator.moto_keys import MotoNeighbours
from ecrlab.emulator.moto_views import ImageView, RepositoryView, scan_on_push
from ecrlab.emulator.rules import COMPATIBLE, STRICT, Rules
from ecrlab.emulator.state import Image, Registry

__all__ = ["EcrBackend", "EcrResponse", "desk", "install", "uninstall"]

_ENDPOINT = "{0}/$"
_LAYERS = ("ecr", download_urls.HOST)
# What moto's own code answers in the compatible setting: outside the core family.
_MOTO_ENGINES = frozenset(
    {
        "DeleteLifecyclePolicy",
        "DescribeImageScanFindings",
        "GetLifecyclePolicy",
        "PutLifecyclePolicy",
        "PutRegistryPolicy",
        "PutReplicationConfiguration",
        "SetRepositoryPolicy",
        "StartImageScan",
    }
)

_ONE_AT_A_TIME = RLock()

Response = tuple[int, dict[str, Any], str | bytes]
"""moto's answer: status, headers, body."""


@dataclass(frozen=True, slots=True)
class _Settings:
    rules: Rules
    clock: Clock
    desk: Desk

    def live_through(self, _before: datetime, after: datetime) -> list[Happening]:
        """Let every registry, in the order of accounts and regions, do what falls into an advance of the clock."""
        installed = moto_models.ecr_backends.backend
        if getattr(installed, "settings", None) is not self:
            return []  # another install has taken over
        with _ONE_AT_A_TIME:
            for registry in _existing_registries():
                signing_runs.finish(registry)
            return list(together.catch_up(_existing_registries, after, engines_are_ours=self.rules.engines_are_ours))


def install(*, strict: bool, clock: Clock | None) -> None:
    """Point moto's hooks at our classes. Idempotent; see ``ecrlab.emulator.install``."""
    settings = _Settings(STRICT if strict else COMPATIBLE, SystemClock() if clock is None else clock, Desk())
    moto_models.ecr_backends.backend = type("InstalledEcrBackend", (EcrBackend,), {"settings": settings})
    moto_urls.url_paths[_ENDPOINT] = EcrResponse.dispatch
    if _LAYERS not in backend_index.backend_url_patterns:
        # In front, since moto's S3 answers for every bucket-like host.
        backend_index.backend_url_patterns.insert(0, _LAYERS)
    moto_models.ecr_backends.clear()
    if settings.rules.access_is_decided:
        moto_sessions.install(settings.desk)
    else:
        moto_sessions.uninstall()
    if isinstance(settings.clock, ManualClock):
        settings.clock.subscribe(settings.live_through)


def desk() -> Desk:
    """Return the front desk of the emulator that is installed."""
    return cast(type[EcrBackend], moto_models.ecr_backends.backend).settings.desk


def uninstall() -> None:
    """Point moto's hooks back at moto's classes."""
    moto_models.ecr_backends.backend = moto_models.ECRBackend
    moto_urls.url_paths[_ENDPOINT] = moto_responses.ECRResponse.dispatch
    if _LAYERS in backend_index.backend_url_patterns:
        backend_index.backend_url_patterns.remove(_LAYERS)
    moto_models.ecr_backends.clear()
    moto_sessions.uninstall()


class EcrBackend(moto_models.ECRBackend):
    """moto's place for the state of one account and region; ours lies in ``registry``.

    moto calls the methods below from other services: CloudFormation makes repositories, Lambda looks images up, the
    moto API plants scan findings. All of it lands in the same registry.
    """

    settings: ClassVar[_Settings]
    _url_module = moto_urls

    def __init__(self, region_name: str, account_id: str) -> None:
        # moto's own constructor would lay out moto's own state
        super(moto_models.ECRBackend, self).__init__(region_name, account_id)
        neighbours = MotoNeighbours(account_id, region_name)
        self.registry = Registry(account_id, region_name, self._publish, neighbours, self._elsewhere)
        self._published = 0
        self.scan_finding_results: list[dict[str, Any]] = []
        self._image_views: WeakKeyDictionary[Image, ImageView] = WeakKeyDictionary()

    @cached_property
    def urls(self) -> dict[str, Callable[..., Any]]:
        """The addresses of ECR, and those of the bucket that hands out layers."""
        return {**super().urls, download_urls.HOST.pattern + "/": _send_layer}

    def answer(self, operation: str, parameters: Mapping[str, Any], principal: str = "moto") -> dict[str, Any]:
        """Answer one request of this account in this region; one at a time, since pushes come from threads, too."""
        with _ONE_AT_A_TIME:
            return service.answer(
                operation,
                parameters,
                caller=self.registry,
                principal=principal,
                caller_of=self.settings.desk.caller_of,
                on_refusal=self._keep_refusal,
                registry_of=self._registry_of,
                registries=_existing_registries,
                clock=self.settings.clock,
                rules=self.settings.rules,
            )

    def _keep_refusal(self, decision: Decision) -> None:
        self.settings.desk.last_refusal = decision

    def _publish(self, event: Event) -> None:
        self._published += 1
        event_id = derived_uuid("event", self.account_id, self.region_name, self._published)
        moto_events.deliver(event, event_id, account_id=self.account_id, region=self.region_name)

    def _registry_of(self, account_id: str) -> Registry:
        return _backend(account_id, self.region_name).registry

    def _elsewhere(self, account_id: str, region: str) -> Registry | None:
        """Find where images are replicated to: no Region that is not there; none in the compatible setting."""
        if not self.settings.rules.engines_are_ours or region not in moto_models.ecr_backends[account_id].regions:
            return None
        return _backend(account_id, region).registry

    # --- what moto's other services call -------------------------------------------------------------------

    def create_repository(
        self,
        repository_name: str,
        registry_id: str | None = None,
        encryption_config: Mapping[str, str] | None = None,
        image_scan_config: Mapping[str, Any] | None = None,
        image_tag_mutability: str | None = None,
        tags: Sequence[Mapping[str, str]] = (),
        image_tag_mutability_exclusion_filters: Sequence[Mapping[str, str]] | None = None,
    ) -> RepositoryView:
        """Make a repository for a CloudFormation stack, whose spelling differs from the API's."""
        parameters = {
            "repositoryName": repository_name,
            "registryId": registry_id,
            "encryptionConfiguration": _uncapitalized(encryption_config),
            "imageScanningConfiguration": {"scanOnPush": scan_on_push(image_scan_config or {})},
            "imageTagMutability": image_tag_mutability,
            "imageTagMutabilityExclusionFilters": image_tag_mutability_exclusion_filters,
            "tags": list(tags),
        }
        self._answer_moto("CreateRepository", parameters)
        return self._view(repository_name, encryption_config)

    def delete_repository(
        self, repository_name: str, registry_id: str | None = None, force: bool = False
    ) -> RepositoryView:
        """Remove a repository of a CloudFormation stack."""
        view = self._get_repository(repository_name, registry_id)
        self._answer_moto(
            "DeleteRepository", {"repositoryName": repository_name, "registryId": registry_id, "force": force}
        )
        return view

    def batch_get_image(
        self,
        repository_name: str,
        registry_id: str | None = None,
        image_ids: Sequence[Mapping[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Look images up for Lambda."""
        repository = self._get_repository(repository_name, registry_id)
        found = []
        for wanted in image_ids or ():
            try:
                found.append(repository._get_image(wanted.get("imageTag"), wanted.get("imageDigest")))
            except ServiceException:
                continue  # Lambda raises its own error for an empty answer
        return {"images": found, "failures": []}

    def describe_registry(self) -> dict[str, Any]:
        """Tell Lambda the registry's id."""
        return self._answer_moto("DescribeRegistry", {})

    def _answer_moto(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.answer(operation, parameters)
        except EcrError as error:
            raise _as_moto_error(error) from error

    # --- what moto's own methods read and write, in the compatible setting ----------------------------------

    @property
    def tagger(self) -> _ResourceTagger:
        """What CloudFormation tags a repository with."""
        return _ResourceTagger(self)

    @property
    def registry_policy(self) -> str | None:
        """The registry policy."""
        return self.registry.policy

    @registry_policy.setter
    def registry_policy(self, text: str | None) -> None:
        self.registry.policy = text

    @property
    def replication_config(self) -> dict[str, Any]:
        """The replication rules."""
        return self.registry.replication

    @replication_config.setter
    def replication_config(self, configuration: dict[str, Any]) -> None:
        self.registry.replication = configuration

    def _get_repository(self, name: str, registry_id: str | None = None) -> RepositoryView:
        repository = self.registry.repository(name)
        if repository is None or registry_id not in (None, repository.registry_id):
            raise _as_moto_error(errors.repository_not_found(name, registry_id or self.account_id))
        return self._view(name)

    def _view(self, name: str, encryption: Mapping[str, str] | None = None) -> RepositoryView:
        repository = self.registry.repository(name)
        assert repository is not None  # looked up or made just before
        return RepositoryView(repository, self._image_views, encryption)


def _backend(account_id: str, region_name: str) -> EcrBackend:
    return cast(EcrBackend, moto_models.ecr_backends[account_id][region_name])


def _existing_registries() -> Iterator[Registry]:
    """Walk the registries in the order of accounts and Regions."""
    for _, regions in sorted(moto_models.ecr_backends.items()):
        for _, backend in sorted(regions.items()):
            yield cast(EcrBackend, backend).registry


class _ResourceTagger:
    """The one method of moto's tagging service that CloudFormation calls on a repository."""

    def __init__(self, backend: EcrBackend) -> None:
        self._backend = backend

    def tag_resource(self, arn: str, tags: Sequence[Mapping[str, str]]) -> None:
        if tags:
            self._backend._answer_moto("TagResource", {"resourceArn": arn, "tags": list(tags)})


class EcrResponse(moto_responses.ECRResponse):
    """moto's door to ECR, with one method per operation of AWS (added below from the fidelity table)."""

    use_raw_body = True  # a layer part is megabytes of base64: decode and parse it once

    @property
    def backend(self) -> EcrBackend:
        """The calling account's state in the region of the endpoint."""
        return _backend(self.current_account, self.region)

    def answer(self, operation: str) -> Response:
        """Answer the request in hand in AWS's JSON."""
        try:
            return _json(200, self.backend.answer(operation, self._parameters(), self.access_key))
        except EcrError as error:
            return _json(400, {"__type": error.code, "message": error.message, **error.members})

    def _parameters(self) -> Any:
        try:
            return json.loads(self.raw_body or b"{}")
        except (ValueError, RecursionError):
            # Not modelled: what AWS's JSON protocol answers before a service sees the request. Wording: guess.
            raise EcrError("SerializationException", "The body of the request is no JSON") from None


def _operation_method(operation: str) -> Callable[[EcrResponse], Any]:
    motos_own = getattr(moto_responses.ECRResponse, camelcase_to_underscores(operation), None)

    def method(response: EcrResponse) -> Any:
        if operation in _MOTO_ENGINES and motos_own and not response.backend.settings.rules.engines_are_ours:
            return motos_own(response)
        return response.answer(operation)

    method.__name__ = camelcase_to_underscores(operation)
    method.__doc__ = f"Answer {operation}."
    return method


for _name in FIDELITY:
    setattr(EcrResponse, camelcase_to_underscores(_name), _operation_method(_name))


def _send_layer(request: Any, full_url: str, _headers: Any) -> Response:
    """Answer a GET of a layer's address, as the bucket does."""
    installed = cast(type[EcrBackend], moto_models.ecr_backends.backend)
    outcome = download_urls.redeem(request.method, full_url, installed.settings.clock.now())
    if isinstance(outcome, download_urls.Ticket):
        registry = _backend(outcome.account_id, outcome.region).registry
        blob, locked = registry.blob(outcome.digest), _locked(registry, outcome.folder)
        if blob is not None and locked is None:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
            return 200, headers, blob.read()
        outcome = locked or download_urls.Refusal("NoSuchKey", "The specified key does not exist.")
    status = 404 if outcome.code == "NoSuchKey" else 400 if outcome.code.startswith("KMS.") else 403
    error = f"<Error><Code>{outcome.code}</Code><Message>{outcome.message}</Message></Error>"
    return status, {"Content-Type": "application/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'


def _locked(registry: Registry, folder: str) -> download_urls.Refusal | None:
    """Say in S3's words why the layers of a repository cannot be decrypted; ``None`` if they can."""
    encrypted = (repository for repository in registry if repository.grants)
    repository = next((each for each in encrypted if download_urls.folder_of(each) == folder), None)
    trouble = encryption.trouble(registry, repository) if repository else None
    if trouble is None:
        return None
    code = "AccessDenied" if trouble.code == "AccessDeniedException" else f"KMS.{trouble.code}"
    return download_urls.Refusal(code, trouble.message)


def _json(status: int, members: Mapping[str, Any]) -> Response:
    present = {name: value for name, value in members.items() if value is not None}
    headers = {"Content-Type": "application/x-amz-json-1.1", "status": status}
    return status, headers, json.dumps(present, default=_timestamp)


def _timestamp(value: Any) -> float:
    """Write a time as the JSON protocol does: seconds since 1970, here with milliseconds."""
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"an answer holds a {type(value).__name__}, which JSON has no form for")


def _as_moto_error(error: EcrError) -> ServiceException:
    """Raise through moto's own code: it finds the service of an error by the module of its class."""
    kind = type(error.code, (ServiceException,), {"code": error.code, "__module__": moto_exceptions.__name__})
    exception: ServiceException = kind(error.message)
    return exception


def _uncapitalized(settings: Mapping[str, str] | None) -> dict[str, str] | None:
    return {name[0].lower() + name[1:]: value for name, value in settings.items()} if settings else None
