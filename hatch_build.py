"""Builds the native kernels at install, where there is a C++ compiler. Without one the install goes on."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "seqgen/kernels/native"


class NativeKernels(BuildHookInterface):
    """Compiles into the source tree, from where wheels take it and editable installs use it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # The package itself cannot be imported: it needs torch, which a build environment does not have.
        spec = importlib.util.spec_from_file_location("build_native", Path(self.root) / FOLDER / "build.py")
        assert spec is not None
        assert spec.loader is not None
        native = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(native)
        try:
            built = native.build()
        except OSError as error:
            self.app.display_warning(
                f"the native kernels were not built: {error}. Slower torch versions serve."
            )
            return
        if version == "editable":
            return
        # The library knows nothing of Python: one wheel serves every version of it on this platform.
        build_data["artifacts"] += [f"/{FOLDER}/{path.name}" for path in built]
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
