"""A real kernel for what shows itself differently where somebody can click."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel


@pytest.fixture(scope="module")
def kinds_shown() -> Iterator[Callable[[str, Mapping[str, Any]], set[str]]]:
    """Run a cell in a real kernel with the metadata of a front end; return the MIME types it was shown as."""
    manager, client = start_new_kernel(kernel_name="python3")

    def shown(code: str, metadata: Mapping[str, Any]) -> set[str]:
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = client.session.msg("execute_request", {**content, "stop_on_error": True}, metadata=metadata)
        client.shell_channel.send(message)
        kinds: set[str] = set()
        while True:
            reply = client.get_iopub_msg(timeout=60)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if reply["msg_type"] == "execute_result":
                kinds = set(reply["content"]["data"])
            if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                return kinds

    yield shown
    client.stop_channels()
    manager.shutdown_kernel(now=True)
