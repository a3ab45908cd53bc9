"""Laws of the emulator: any valid upload, and any sequence of puts and deletes against a small model of ECR."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from client_world import OCI_INDEX, descriptor, digest_of, index, manifest
from ecrlab.clock import ManualClock
from ecrlab.emulator import service
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.rules import STRICT
from ecrlab.emulator.state import Registry
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

MIB = 1024 * 1024
TAGS = st.sampled_from(["v1", "v2", "latest"])
LAYERS = st.lists(st.sampled_from([b"a", b"bb", b"ccc"]), max_size=3)


@dataclass
class Direct:
    """One registry, asked without moto and boto3 in between."""

    registry: Registry = field(default_factory=lambda: Registry("111122223333", "us-east-1"))
    clock: ManualClock = field(default_factory=ManualClock)
    principal: str = "AKIAIOSFODNN7EXAMPLE"

    def __call__(self, operation: str, **parameters):
        """Make a call on ``team/api``; return the answer or raise EcrError."""
        return service.answer(
            operation,
            {"repositoryName": "team/api", **parameters},
            caller=self.registry,
            principal=self.principal,
            caller_of=lambda principal: None,
            on_refusal=lambda decision: None,
            registry_of=lambda account: self.registry,
            clock=self.clock,
            rules=STRICT,
        )

    def refusal(self, operation: str, **parameters) -> str | None:
        """Make a call; return the code of its refusal, or ``None``."""
        try:
            self(operation, **parameters)
        except EcrError as refused:
            return refused.code
        return None

    def upload(self, data: bytes, cuts: list[int]) -> str:
        """Upload ``data`` cut at these places."""
        upload_id = self("InitiateLayerUpload")["uploadId"]
        edges = [0, *cuts, len(data)]
        for first, after in pairwise(edges):
            self(
                "UploadLayerPart",
                uploadId=upload_id,
                partFirstByte=first,
                partLastByte=after - 1,
                layerPartBlob=data[first:after],
            )
        return self("CompleteLayerUpload", uploadId=upload_id, layerDigests=[digest_of(data)])["layerDigest"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(5 * MIB, 6 * MIB), max_size=2), st.integers(1, MIB))
def test_the_parts_do_not_matter(parts, last):
    """However a layer is split, if the split is valid, it is the same layer."""
    data = bytes(sum(parts) + last)
    ecr = Direct()
    ecr("CreateRepository")
    cuts = [sum(parts[: number + 1]) for number in range(len(parts))]
    assert digest_of(data) == ecr.upload(data, cuts)
    layer = ecr.registry.repository("team/api").layers[digest_of(data)]
    assert (len(data), data) == (layer.size, layer.read())


def test_a_thousand_tags_are_the_most():
    """Tags per image is a quota that cannot be raised."""
    ecr = Direct()
    ecr("CreateRepository")
    ecr.upload(b"{}", [])
    for number in range(1000):
        ecr("PutImage", imageManifest=manifest(), imageTag=f"t{number}")
    assert "LimitExceededException" == ecr.refusal("PutImage", imageManifest=manifest(), imageTag="one-more")
    (image,) = ecr("DescribeImages")["imageDetails"]
    assert 1000 == len(image["imageTags"])


def test_4200_parts_are_the_most():
    """Layer parts per layer is a quota that cannot be raised."""
    ecr = Direct()
    ecr("CreateRepository")
    upload = {"uploadId": ecr("InitiateLayerUpload")["uploadId"], "layerPartBlob": b"x"}
    for number in range(4200):
        ecr("UploadLayerPart", **upload, partFirstByte=number, partLastByte=number)
    assert "LimitExceededException" == ecr.refusal("UploadLayerPart", **upload, partFirstByte=4200, partLastByte=4200)


@dataclass
class Known:
    """What the model remembers of an image."""

    tags: set[str]
    size: int
    blobs: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()


class RepositoryMachine(RuleBasedStateMachine):
    """Puts, moves and deletes in any order; the model is a dictionary from digest to tags, size and references."""

    def __init__(self):
        super().__init__()
        self.ecr = Direct()
        self.ecr("CreateRepository")
        self.model: dict[str, Known] = {}
        self.texts: dict[str, str] = {}
        self.pushed: list[str] = []

    def _put(self, text: str, tag: str | None, known: Known) -> None:
        digest = digest_of(text)
        present = self.model.get(digest)
        parameters = {"imageManifest": text} | ({"imageTag": tag} if tag else {})
        unchanged = present is not None and (tag is None or tag in present.tags)
        assert ("ImageAlreadyExistsException" if unchanged else None) == self.ecr.refusal("PutImage", **parameters)
        if unchanged:
            return
        if present is None:
            self.model[digest], self.texts[digest] = known, text
            self.pushed.append(digest)
        if tag is not None:
            for other in self.model.values():
                other.tags.discard(tag)
            self.model[digest].tags.add(tag)

    @rule(layers=LAYERS, note=st.integers(0, 1), tag=st.none() | TAGS)
    def put_image(self, layers, note, tag):
        """Upload what is missing and put an image."""
        for data in (*layers, b"{}"):
            if digest_of(data) not in self.ecr.registry.repository("team/api").layers:
                self.ecr.upload(data, [])
        text = manifest(*layers, annotations={"note": str(note)})
        blobs = frozenset(digest_of(data) for data in (*layers, b"{}"))
        self._put(text, tag, Known(set(), sum(map(len, layers)), blobs))

    @rule(data=st.data(), tag=st.none() | TAGS)
    def put_index(self, data, tag):
        """Put an index over some of what is there."""
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.model)), max_size=2, unique=True)) if self.model else []
        text = index(*(self.texts[digest] for digest in chosen))
        size = max((self.model[digest].size for digest in chosen), default=0)
        self._put(text, tag, Known(set(), size, children=frozenset(chosen)))

    @rule(tag=TAGS)
    def put_index_of_nothing_known(self, tag):
        """A missing child is refused, and nothing changes."""
        entry = descriptor(b"never pushed", OCI_INDEX)
        text = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
        code = self.ecr.refusal("PutImage", imageManifest=text, imageTag=tag)
        assert "ReferencedImagesNotFoundException" == code

    @rule(tag=TAGS)
    def delete_tag(self, tag):
        """Delete by tag."""
        holder = next((digest for digest, known in self.model.items() if tag in known.tags), None)
        answer = self.ecr("BatchDeleteImage", imageIds=[{"imageTag": tag}])
        if holder is None:
            assert "ImageNotFound" == answer["failures"][0]["failureCode"]
        elif len(self.model[holder].tags) > 1:
            self.model[holder].tags.discard(tag)
        else:
            self._deleted(holder, answer)

    @rule(data=st.data())
    def delete_digest(self, data):
        """Delete by digest."""
        if self.model:
            digest = data.draw(st.sampled_from(sorted(self.model)))
            self._deleted(digest, self.ecr("BatchDeleteImage", imageIds=[{"imageDigest": digest}]))

    def _deleted(self, digest: str, answer) -> None:
        if any(digest in known.children for known in self.model.values()):
            assert "ImageReferencedByManifestList" == answer["failures"][0]["failureCode"]
            return
        assert [] == answer["failures"]
        assert len(answer["imageIds"]) == max(1, len(self.model[digest].tags))
        del self.model[digest]
        self.pushed.remove(digest)

    @rule()
    def time_passes(self):
        """Nothing changes by itself."""
        self.ecr.clock.advance(days=1)

    @invariant()
    def images_are_those_of_the_model(self):
        """In push order, with their tags and sizes, over pages of any size."""
        seen, token = [], None
        while True:
            more = {"nextToken": token} if token else {}
            answer = self.ecr("DescribeImages", maxResults=2, **more)
            seen += answer["imageDetails"]
            token = answer.get("nextToken")
            if token is None:
                break
        assert self.pushed == [image["imageDigest"] for image in seen]
        for image in seen:
            known = self.model[image["imageDigest"]]
            assert (known.tags, known.size) == (set(image.get("imageTags", [])), image["imageSizeInBytes"])

    @invariant()
    def each_tag_is_on_one_image(self):
        """And ListImages has one identifier for each tag, and one for each untagged image."""
        listed = self.ecr("ListImages", maxResults=1000)["imageIds"]
        tags = [item["imageTag"] for item in listed if "imageTag" in item]
        assert len(tags) == len(set(tags))
        expected = sorted((digest, tag) for digest, known in self.model.items() for tag in known.tags or {""})
        assert expected == sorted((item["imageDigest"], item.get("imageTag", "")) for item in listed)

    @invariant()
    def every_image_can_be_pulled(self):
        """All blobs and children of what is stored are there, byte for byte."""
        repository = self.ecr.registry.repository("team/api")
        for digest, known in self.model.items():
            assert known.blobs <= repository.layers.keys()
            assert known.children <= self.model.keys()
            (image,) = self.ecr("BatchGetImage", imageIds=[{"imageDigest": digest}])["images"]
            assert digest == digest_of(image["imageManifest"])

    @invariant()
    def nothing_is_kept_that_no_image_needs(self):
        """A layer leaves with the last image that refers to it."""
        needed = {blob for known in self.model.values() for blob in known.blobs}
        assert needed == set(self.ecr.registry.repository("team/api").layers)


RepositoryMachine.TestCase.settings = settings(deadline=timedelta(seconds=5), max_examples=60, stateful_step_count=25)
TestRepository = RepositoryMachine.TestCase
