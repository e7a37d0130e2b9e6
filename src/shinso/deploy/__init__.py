"""A trained network outside of shinso: as a file that other programs run, and behind an address that answers.

- `export_onnx`, `export_safetensors`: one file, with what its inputs and classes mean inside; `NEEDS_EXPORT`.
- `serve_run`: JSON over HTTP, until Ctrl-C; `service`: the same as an ASGI application; `NEEDS_WEB`.
- `Listening`, `Guard`, `TooLargeError`, `missing_web`, `LOOPBACK`, `REPORT_POLICY`: ports and who may ask there.
"""

from typing import TYPE_CHECKING

from shinso._lazy import lazily

if TYPE_CHECKING:
    from shinso.deploy._guard import REPORT_POLICY as REPORT_POLICY
    from shinso.deploy._guard import Guard as Guard
    from shinso.deploy._guard import TooLargeError as TooLargeError
    from shinso.deploy._listening import LOOPBACK as LOOPBACK
    from shinso.deploy._listening import Listening as Listening
    from shinso.deploy._listening import missing_web as missing_web
    from shinso.deploy._onnx import NEEDS_EXPORT as NEEDS_EXPORT
    from shinso.deploy._onnx import export_onnx as export_onnx
    from shinso.deploy._serve import NEEDS_WEB as NEEDS_WEB
    from shinso.deploy._serve import serve_run as serve_run
    from shinso.deploy._service import service as service
    from shinso.deploy._weights import export_safetensors as export_safetensors
else:
    __getattr__, __dir__, __all__ = lazily(__name__, __file__)
