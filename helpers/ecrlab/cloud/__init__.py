"""The session: where a lab runs, what it may reach, and what it leaves behind."""

from ecrlab.cloud.expect import PlannedFailure, expect_error
from ecrlab.cloud.listing import described_repositories
from ecrlab.cloud.modes import Aws, Mock, Mode
from ecrlab.cloud.reading import reading_client
from ecrlab.cloud.session import Lab, current_lab, open_lab
from ecrlab.cloud.translate import aws_call

__all__ = [
    "Aws",
    "Lab",
    "Mock",
    "Mode",
    "PlannedFailure",
    "aws_call",
    "current_lab",
    "described_repositories",
    "expect_error",
    "open_lab",
    "reading_client",
]
