"""Amazon ECR Public: state and operations. Not yet behind moto's door; see ``service.answer``."""

from __future__ import annotations

from ecrlab.emulator.public.service import HOME, answer
from ecrlab.emulator.public.state import PublicRegistry, PublicRepository

__all__ = ["HOME", "PublicRegistry", "PublicRepository", "answer"]
