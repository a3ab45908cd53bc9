"""How long a kubelet waits before it tries again: 10, 20, 40, 80, 160, then 300 seconds each time.

Source: Kubernetes documentation, "Images" (ImagePullBackOff) and "Pod Lifecycle" (CrashLoopBackOff).
"""

from __future__ import annotations

__all__ = ["BACK_OFF_LIMIT_S", "back_off_seconds"]

_FIRST_S = 10
BACK_OFF_LIMIT_S = 300
"""The longest wait between two tries, in seconds."""


def back_off_seconds(failures: int) -> int:
    """Return the wait after so many failures in a row, in seconds.

    Args:
        failures: From 1.
    """
    return min(_FIRST_S << min(failures - 1, 10), BACK_OFF_LIMIT_S)  # ten doublings are beyond the limit
