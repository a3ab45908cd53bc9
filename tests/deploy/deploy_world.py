"""What the tests of deployments begin with: a lab, images, task definitions and manifests."""

from __future__ import annotations

import json
from typing import Any

from ecrlab import deploy, oci, registry

ALL = ("ecr.api", "ecr.dkr", "s3")
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
OTHER = "444455556666"


def image(content: str, architecture: str = "amd64") -> oci.Image:
    """Build a small image."""
    return oci.image(oci.layer({"app": content}), architecture=architecture, config={"Entrypoint": ["/app"]})


def allowing(principal: Any, *actions: str) -> str:
    """Write a repository policy that lets somebody do something."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class World:
    """A lab with a repository, a cluster and a role."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.ecr = lab.client("ecr")
        self.ecr.create_repository(repositoryName="team/api")
        deploy.cluster(lab)
        self.role = deploy.execution_role(lab)

    def push(self, content: str, tag: str | None = "1.0", architecture: str = "amd64") -> oci.Image:
        """Build an image, push it, and return it."""
        made = image(content, architecture)
        registry.push(self.ecr, made, "team/api", tag=tag)
        return made

    def name(self, rest: str = ":1.0") -> str:
        """Write the image reference with a tag or a digest."""
        return f"{self.lab.registry}/team/api{rest}"

    def task(self, image_name: str = "", **more: Any) -> dict[str, Any]:
        """Write a task definition for Fargate."""
        container = {"name": "api", "image": image_name or self.name(), "essential": True}
        return {
            "family": "api",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.role,
            "containerDefinitions": [container],
            **more,
        }

    def manifest(self, image_name: str = "", policy: str = "", **pod: Any) -> str:
        """Write a Deployment with two replicas."""
        container = {"name": "api", "image": image_name or self.name()} | (
            {"imagePullPolicy": policy} if policy else {}
        )
        template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [container], **pod}}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": "api"}}, "template": template}
        return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": spec})

    def run(self, network: deploy.LabNetwork, image_name: str = "", **more: Any) -> deploy.Task:
        """Run the task on Fargate."""
        return deploy.run_task(self.lab, self.task(image_name), network=network, **more)

    def described(self, task: deploy.Task) -> dict[str, Any]:
        """Ask ECS about a task."""
        ecs = self.lab.client("ecs")
        return ecs.describe_tasks(cluster="course", tasks=[task.arn])["tasks"][0]
