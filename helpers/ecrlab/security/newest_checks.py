"""Checks of the newest image: what its scan found, who signed it, what is attached to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrlab.security.checks import Verdict, failed, not_applicable, not_known, passed
from ecrlab.security.facts import Newest, Referrer, RepositoryFacts, Terms
from ecrlab.security.findings import NOT_SCANNED, Findings
from ecrlab.security.gate import Gate, gate
from ecrlab.security.reading import Unread
from ecrlab.security.severity import counted, counts_in_words

__all__ = ["no_severe_findings", "sbom_attached", "signed"]

_SIGNATURES = (
    "application/vnd.cncf.notary.signature",  # Notary Project signature specification; managed signing makes these
    "application/vnd.dev.cosign.artifact.sig.v1+json",  # sigstore/cosign
    "application/vnd.dev.sigstore.bundle",  # sigstore bundle, any version
)
_SBOMS = ("cyclonedx", "spdx")  # as in application/vnd.cyclonedx+json and application/spdx+json
_CYCLONEDX = "application/vnd.cyclonedx+json"
_NO_IMAGE = "There is no image with a tag that could be pulled."
_MOST_NAMED = 3


def _newest(facts: RepositoryFacts) -> Newest | Verdict:
    if isinstance(facts.images, Unread):
        return not_known(facts.images)
    return facts.newest or not_applicable(_NO_IMAGE)


def no_severe_findings(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """The latest scan of the newest image found nothing at the threshold or above."""
    newest = _newest(facts)
    if isinstance(newest, Verdict):
        return newest
    name = f"{facts.name}:{newest.image.name}"
    if newest.scans is None:
        reason = f"`{name}` is an index, and which images it holds was not read."
        return not_known(reason, "ask with read_indexes=True, which counts as a pull of the index")
    if isinstance(newest.scans, Unread):
        return not_known(newest.scans)
    gates = [gate(scan, fail_on=terms.fail_on, ignore=terms.ignore, now=terms.now) for scan in newest.scans]
    if any(each.blocking for each in gates):
        return _too_bad(name, terms, gates)
    unknown = next((scan for scan in newest.scans if not scan.known), None)
    if unknown is not None:
        return not_known(f"`{name}`: {unknown.why_unknown}", _next_step(unknown))
    return _good_enough(name, terms, gates)


def _good_enough(name: str, terms: Terms, gates: list[Gate]) -> Verdict:
    what = f"`{name}`" if len(gates) == 1 else f"the {len(gates)} images of `{name}`"
    below = counted(severity for each in gates for severity, number in each.below for _ in range(number))
    ignored = sum(len(each.ignored) for each in gates)
    apart = f", apart from {ignored} that somebody decided to live with" if ignored else ""
    reason = f"Nothing at {terms.fail_on} or above was found in {what}{apart}; below that: {counts_in_words(below)}."
    return passed(reason)


def _too_bad(name: str, terms: Terms, gates: list[Gate]) -> Verdict:
    blocking = list(dict.fromkeys(finding for each in gates for finding in each.blocking))
    named = [f"{finding}" + (f" (fixed: {finding.fixes})" if finding.fixes else "") for finding in blocking]
    more = f", and {len(blocking) - _MOST_NAMED} more" if len(blocking) > _MOST_NAMED else ""
    return failed(
        f"`{name}` has {len(blocking)} at {terms.fail_on} or above: {', '.join(named[:_MOST_NAMED])}{more}.",
        "rebuild it with patched packages and push it under a new tag; security.findings shows all",
    )


def _next_step(scan: Findings) -> str:
    return "have it scanned, then ask again" if scan.status == NOT_SCANNED else "see to what the status says"


def signed(facts: RepositoryFacts, _: Terms) -> Verdict:
    """The newest image has a signature: an artifact that refers to it, or managed signing says so."""
    newest = _newest(facts)
    if isinstance(newest, Verdict):
        return newest
    name = f"{facts.name}:{newest.image.name}"
    signatures = [each for each in _of(newest.referrers) if each.artifact_type.startswith(_SIGNATURES)]
    statuses = () if isinstance(newest.signing, Unread) else newest.signing
    done = [status for status in statuses if status.status == "COMPLETE"]
    if signatures or done:
        how = "has a signature" if signatures else f"was signed with {done[0].profile_arn}"
        return passed(f"`{name}` {how}; whether to trust it, only a verification says.")
    trouble = next((status for status in statuses if status.status == "FAILED"), None)
    if trouble is not None:
        reason = f"Signing `{name}` with {trouble.profile_arn} failed: {trouble.failure or 'no reason given'}."
        return failed(reason, "mend what it says, then push the image again")
    if any(status.status == "IN_PROGRESS" for status in statuses):
        return not_known(f"`{name}` is being signed.", "ask again in a while")
    if isinstance(newest.referrers, Unread):
        return not_known(newest.referrers)
    return failed(f"Nobody has signed `{name}`.", *_how_to_sign(facts))


def _how_to_sign(facts: RepositoryFacts) -> tuple[str, str]:
    """Say what to do, and the call; it repeats the rules that are there, since the call replaces all of them."""
    rules = facts.registry.signing
    if isinstance(rules, Unread):
        return "add a signing rule of the registry that covers this repository, then push the image again", ""
    if any(_covers(rule, facts.name) for rule in rules):
        return "push the image again: a signing rule covers this repository by now", ""
    filters = [{"filter": facts.name, "filterType": "WILDCARD_MATCH"}]
    listed = [*map(dict, rules), {"signingProfileArn": "<ARN of your profile>", "repositoryFilters": filters}]
    call = f"ecr.put_signing_configuration(signingConfiguration={{'rules': {listed!r}}})"
    return "let a profile of AWS Signer sign what is pushed from now on, then push the image again", call


def _covers(rule: Mapping[str, Any], name: str) -> bool:
    """Say whether a signing rule plainly covers a repository; one without filters covers all."""
    filters = [each["filter"] for each in rule.get("repositoryFilters", ())]
    return not filters or bool({"*", name} & set(filters))


def sbom_attached(facts: RepositoryFacts, _: Terms) -> Verdict:
    """A bill of materials refers to the newest image."""
    newest = _newest(facts)
    if isinstance(newest, Verdict):
        return newest
    name = f"{facts.name}:{newest.image.name}"
    if isinstance(newest.referrers, Unread):
        return not_known(newest.referrers)
    if any(word in each.artifact_type for each in newest.referrers for word in _SBOMS):
        return passed(f"An SBOM is attached to `{name}`.")
    return failed(
        f"No SBOM is attached to `{name}`, so nobody can tell what is in it without a scan.",
        "write one and push it as an artifact whose subject is the image",
        f"registry.push(ecr, oci.artifact(image, {_CYCLONEDX!r}, "
        f"scan.cyclonedx(scan.read_image(image), name={name!r}), media_type={_CYCLONEDX!r}), {facts.name!r})",
    )


def _of(referrers: tuple[Referrer, ...] | Unread) -> tuple[Referrer, ...]:
    return () if isinstance(referrers, Unread) else referrers
