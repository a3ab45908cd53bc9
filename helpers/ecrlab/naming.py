"""The names of Amazon ECR as values: parse once at the door, compare and print ever after.

111122223333.dkr.ecr.us-east-1.amazonaws.com / payments/api : 1.4.2      @ sha256:9f86…
└─account──┘         └─region┘               └─repository─┘ └─tag─┘        └─digest─┘
└─────────── registry host ─────────────────┘
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from ecrlab.errors import InvalidName

__all__ = [
    "DOCKER_HUB",
    "ECR_PUBLIC",
    "Digest",
    "ImageReference",
    "RegistryHost",
    "RepositoryArn",
    "RepositoryName",
    "Tag",
    "partition_of",
    "placeholder_in",
]

DOCKER_HUB = "docker.io"
"""The registry that is asked for a name without a registry."""

ECR_PUBLIC = "public.ecr.aws"
"""The one address of Amazon ECR Public."""

# Shape of the botocore model for ``RepositoryName`` (botocore 1.44.5, loosened on 2026-02-25 so that a digit may lead).
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr"
    r"(?:\.(?P<service>ecr|ecr-fips)\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(?:\.cn)?|amazonaws\.eu)"
    r"|-(?P<dual_service>ecr|ecr-fips)\.(?P<dual_region>[a-z0-9-]+)\.on\.aws)"
)
_ARN = re.compile(r"arn:(aws[a-z-]*):ecr:([a-z0-9-]+):([0-9]{12}):repository/(.+)")
# What guides and templates leave for others to fill in: <…>, ${…}, $(…), {{…}}, $NAME, %NAME%, and words LIKE_THIS.
_PLACEHOLDER = re.compile(
    r"<[^<>]*>|\$\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|\$[A-Za-z_][A-Za-z0-9_]*|%[A-Za-z_]+%"
    r"|(?<![A-Za-z0-9_])_*[A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+_*"
)
_OTHER_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """Return the AWS partition of a region: ``aws`` unless its prefix says otherwise."""
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The fingerprint of some bytes: ``sha256:`` and 64 hexadecimal digits."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a digest.

        Raises:
            InvalidName: It is not ``sha256:`` followed by exactly 64 lower-case hexadecimal digits.
        """
        _expect_text("digest", text)
        if not _DIGEST.fullmatch(text):
            raise InvalidName(
                f"digest {_shortened(text)!r}",
                _digest_fault(text),
                "copy the whole imageDigest, 71 characters, as DescribeImages shows it",
            )
        return cls(text)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Compute the digest of ``data``."""
        return cls("sha256:" + hashlib.sha256(data).hexdigest())

    @property
    def hex(self) -> str:
        """The 64 hexadecimal digits."""
        return self.value.removeprefix("sha256:")

    @property
    def short(self) -> str:
        """The first twelve hexadecimal digits, as tools abbreviate a digest for people."""
        return self.hex[:12]

    def __str__(self) -> str:
        return self.value


def _digest_fault(text: str) -> str:
    algorithm, colon, digits = text.partition(":")
    if not colon:
        return "there is no algorithm before a ':'"
    if algorithm != "sha256":
        return f"ECR uses sha256, not {algorithm!r}"
    if len(digits) != 64:
        return f"there are {len(digits)} digits after 'sha256:' where 64 belong"
    return "only the digits 0-9 and a-f may follow 'sha256:'"


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """A movable name for one image inside one repository."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a tag by the rule of the OCI distribution specification (1 to 128 characters).

        Raises:
            InvalidName: It is empty, too long, or has a character that no tag may have.
        """
        _expect_text("tag", text)
        if not _TAG.fullmatch(text):
            if not text:
                fact = "it is empty"
            elif len(text) > 128:
                fact = f"it has {len(text)} characters and 128 is the limit"
            else:
                bad = next(c for i, c in enumerate(text) if not _TAG.fullmatch(text[: i + 1]))
                fact = f"{bad!r} does not belong there"
            raise InvalidName(
                f"tag {_shortened(text)!r}",
                fact,
                "use letters, digits, '_', '.' and '-', the last two not first",
            )
        return cls(text)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class RepositoryName:
    """The name of a repository inside its registry: ``payments/api``."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a repository name by the pattern of the ECR model (2 to 256 characters).

        Raises:
            InvalidName: Capitals, a separator at an edge, a double slash, or a length out of bounds.
        """
        _expect_text("repository", text)
        if not 2 <= len(text) <= 256 or not _REPOSITORY.fullmatch(text):
            raise InvalidName(f"repository {_shortened(text)!r}", _repository_fault(text), _repository_way_out(text))
        return cls(text)

    @property
    def namespace(self) -> str:
        """Everything before the last ``/``; empty if there is none."""
        return self.value.rpartition("/")[0]

    def __str__(self) -> str:
        return self.value


def _repository_fault(text: str) -> str:
    if len(text) < 2 or len(text) > 256:
        return f"a name has 2 to 256 characters and this has {len(text)}"
    capitals = "".join(sorted({c for c in text if c.isupper()}))
    if capitals:
        return f"capitals are not allowed and it has {capitals!r}"
    if "//" in text or text.startswith("/") or text.endswith("/"):
        return "a '/' stands at an edge or twice in a row"
    return "only a-z, 0-9 and single separators '.', '_', '__', '-' or '/' between them are allowed"


def _repository_way_out(text: str) -> str:
    lowered = text.lower()
    if lowered != text and 2 <= len(lowered) <= 256 and _REPOSITORY.fullmatch(lowered):
        return f"try {lowered!r}"
    return "rename it, e.g. 'payments/api'"


@dataclass(frozen=True, slots=True, order=True)
class RegistryHost:
    """The address of one private registry: one account in one region."""

    account_id: str
    region: str
    fips: bool = False
    dual_stack: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``<account>.dkr.ecr.<region>.amazonaws.com`` or one of its FIPS and dual-stack forms.

        Raises:
            InvalidName: It is not the address of a private ECR registry.
        """
        _expect_text("registry", text)
        match = _HOST.fullmatch(text)
        if match is None:
            raise InvalidName(
                f"registry {_shortened(text)!r}",
                "it is not the address of a private ECR registry",
                "write <12-digit account>.dkr.ecr.<region>.amazonaws.com",
            )
        dual = match["dual_region"] is not None
        service = match["dual_service"] if dual else match["service"]
        return cls(match["account"], match["dual_region"] if dual else match["region"], service == "ecr-fips", dual)

    @classmethod
    def of(cls, account_id: str, region: str) -> Self:
        """Build the usual address of an account's registry in a region.

        Raises:
            InvalidName: ``account_id`` is not twelve digits.
        """
        if not _ACCOUNT.fullmatch(account_id):
            raise InvalidName(f"account {account_id!r}", "an account id is twelve digits", "e.g. '111122223333'")
        return cls(account_id, region)

    def __str__(self) -> str:
        service = "ecr-fips" if self.fips else "ecr"
        if self.dual_stack:
            return f"{self.account_id}.dkr-{service}.{self.region}.on.aws"
        suffix = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}.get(
            partition_of(self.region), "amazonaws.com"
        )
        return f"{self.account_id}.dkr.{service}.{self.region}.{suffix}"


@dataclass(frozen=True, slots=True, order=True)
class RepositoryArn:
    """The Amazon Resource Name of a repository."""

    account_id: str
    region: str
    repository: RepositoryName

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``arn:<partition>:ecr:<region>:<account>:repository/<name>``.

        Raises:
            InvalidName: It is not the ARN of an ECR repository.
        """
        _expect_text("ARN", text)
        match = _ARN.fullmatch(text)
        if match is None:
            raise InvalidName(
                f"ARN {_shortened(text)!r}",
                "it does not name an ECR repository",
                "write arn:aws:ecr:<region>:<12-digit account>:repository/<name>",
            )
        _, region, account_id, name = match.groups()
        return cls(account_id, region, RepositoryName.parse(name))

    def __str__(self) -> str:
        return f"arn:{partition_of(self.region)}:ecr:{self.region}:{self.account_id}:repository/{self.repository}"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """What a task definition, a pod or ``docker pull`` names: registry, repository, and a tag or a digest.

    ``registry`` is the host as it was written, since images also live outside private ECR; see ``host``.
    """

    registry: str
    repository: RepositoryName
    tag: Tag | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``<registry>/<repository>[:<tag>][@<digest>]``.

        Raises:
            InvalidName: A part is missing or malformed; the message names the part.
        """
        _expect_text("image reference", text)
        rest, at, digest_text = text.partition("@")
        registry, slash, path = rest.partition("/")
        if not slash or not _looks_like_a_host(registry):
            raise InvalidName(
                f"image reference {_shortened(text)!r}",
                "there is no registry host before the first '/', so clients would ask Docker Hub",
                "put <account>.dkr.ecr.<region>.amazonaws.com/ in front",
            )
        path, colon, tag_text = path.partition(":")
        if ".dkr" in registry:
            RegistryHost.parse(registry)  # so that an unfilled AWS_ACCOUNT_ID is called by its name
        return cls(
            registry,
            RepositoryName.parse(path),
            Tag.parse(tag_text) if colon else None,
            Digest.parse(digest_text) if at else None,
        )

    @classmethod
    def as_pulled(cls, text: str) -> Self:
        """Read a reference as a container runtime does: without a registry host it asks Docker Hub.

        ``nginx`` is ``docker.io/library/nginx`` and ``someone/app:1`` is ``docker.io/someone/app:1``. Neither tag nor
        digest stays neither; ``tag_pulled`` says what a pull then asks for.

        Raises:
            InvalidName: A placeholder was left in it, or a part is malformed; the message names the part.

        Source: reference grammar of the CNCF distribution project, and its rule for names that are "familiar".
        """
        _expect_text("image reference", text)
        if not text.strip():
            raise InvalidName("image reference", "it is empty", "write e.g. 'public.ecr.aws/nginx/nginx:1.27'")
        placeholder = placeholder_in(text)
        if placeholder is not None:
            raise InvalidName(
                f"image reference {_shortened(text)!r}",
                f"{_shortened(placeholder)!r} is a placeholder that was never filled in",
                "put the real value in its place before you deploy",
            )
        first, slash, rest = text.partition("/")
        if not slash or not _looks_like_a_host(first):
            path = text if slash else f"library/{text}"
            return cls.parse(f"{DOCKER_HUB}/{path}")
        if not _OTHER_HOST.fullmatch(first):
            raise InvalidName(
                f"registry {_shortened(first)!r}",
                "it is not the address of a registry",
                "write a host name and perhaps a port before the first '/', without https://",
            )
        if first in (DOCKER_HUB, f"index.{DOCKER_HUB}"):
            return cls.parse(f"{DOCKER_HUB}/{rest}" if "/" in rest else f"{DOCKER_HUB}/library/{rest}")
        return cls.parse(text)

    @property
    def is_public_ecr(self) -> bool:
        """Whether the image lives in Amazon ECR Public."""
        return self.registry == ECR_PUBLIC

    @property
    def is_docker_hub(self) -> bool:
        """Whether the image lives in Docker Hub."""
        return self.registry == DOCKER_HUB

    @property
    def tag_pulled(self) -> Tag | None:
        """The tag that a pull asks for: ``latest`` when there is neither tag nor digest, none when a digest decides."""
        if self.digest is not None:
            return None
        return self.tag or Tag("latest")

    @property
    def host(self) -> RegistryHost | None:
        """The private ECR registry, or ``None`` if the image lives elsewhere."""
        try:
            return RegistryHost.parse(self.registry)
        except InvalidName:
            return None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def _looks_like_a_host(first: str) -> bool:
    """Say whether what stands before the first '/' is a registry rather than a part of a name at Docker Hub."""
    return "." in first or ":" in first or first == "localhost"


def placeholder_in(text: str) -> str | None:
    """Return the first thing in a name or an image reference that somebody was meant to fill in: ``<REGION>``."""
    name = _PLACEHOLDER.search(text)
    if name is None:
        return None
    # A tag may have capitals and underscores: RELEASE_7 is no placeholder there.
    tag_starts = text.find(":", text.rfind("/") + 1)
    is_word = name[0].strip("_")[0].isupper()
    return None if is_word and -1 < tag_starts < name.start() else name[0]


def _expect_text(kind: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidName(f"{kind} {_shortened(repr(value))}", "it is no text", "write it in quotes")


def _shortened(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
