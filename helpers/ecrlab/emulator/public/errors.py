"""The errors that Amazon ECR has only in its public service; the others are in ``emulator.errors``."""

from __future__ import annotations

from ecrlab.emulator.errors import EcrError

__all__ = ["catalog_data_not_found", "registry_not_found", "unsupported_command"]


def unsupported_command(operation: str) -> EcrError:
    """Build the refusal of us-west-2. Source: aws/aws-cdk issue 24244; hashicorp/terraform-provider-aws issue 21277."""
    return EcrError("UnsupportedCommandException", f"{operation} command is only supported in us-east-1.")


def registry_not_found(name: str) -> EcrError:
    """Build RegistryNotFoundException for an account id or an alias. Wording: guess."""
    return EcrError("RegistryNotFoundException", f"The registry with id '{name}' does not exist")


def catalog_data_not_found(repository: str, registry_id: str) -> EcrError:
    """Build RepositoryCatalogDataNotFoundException. Wording: guess."""
    return EcrError(
        "RepositoryCatalogDataNotFoundException",
        f"Catalog data does not exist for the repository with name '{repository}' "
        f"in the registry with id '{registry_id}'",
    )
